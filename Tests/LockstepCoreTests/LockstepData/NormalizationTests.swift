import LockstepCore
import Testing

@Suite struct NormalizationTests {
  private func table(_ element: IDXElement, _ values: [Double], shape: [Int]) -> SampleTable {
    try! SampleTable(
      count: values.count / shape.reduce(1, *), shape: shape, element: element,
      copying: values.flatMap { bigEndian($0, as: element) })
  }

  private func bigEndian(_ value: Double, as element: IDXElement) -> [UInt8] {
    func bytes<T: FixedWidthInteger>(_ x: T) -> [UInt8] { withUnsafeBytes(of: x.bigEndian) { Array($0) } }
    return switch element {
    case .uint8: bytes(UInt8(value))
    case .int8: bytes(Int8(value))
    case .int16: bytes(Int16(value))
    case .int32: bytes(Int32(value))
    case .float32: bytes(Float(value).bitPattern)
    case .float64: bytes(value.bitPattern)
    }
  }

  @Test(arguments: IDXElement.allCases)
  func autoIsMeanAndDeviation(element: IDXElement) throws {
    let unit = element == .uint8 ? 1 / 255.0 : 1
    let images = table(element, [1, 3, 5, 7, 9, 11], shape: [3])
    for threads in [1, 3] {
      let settled = Normalization.auto.resolved(for: images, team: try ThreadTeam(count: threads))
      guard case .fixed(let mean, let deviation) = settled else {
        Issue.record("auto is not settled")
        return
      }
      #expect(abs(mean - 6 * unit) < 1e-14)
      #expect(abs(deviation - (35 / 3.0).squareRoot() * unit) < 1e-14)
    }
  }

  @Test func constantImagesKeepTheirScale() throws {
    let settled = Normalization.auto.resolved(
      for: table(.int16, [5, 5], shape: [1]), team: try ThreadTeam(count: 1))
    #expect(settled == .fixed(mean: 5, deviation: 1))
  }

  @Test func otherChoicesStay() throws {
    let (images, team) = (table(.uint8, [1, 2], shape: [1]), try ThreadTeam(count: 1))
    for choice in [Normalization.none, .fixed(mean: 0.5, deviation: 2)] {
      #expect(choice.resolved(for: images, team: team) == choice)
    }
  }

  /// Every element type arrives as Float in the row that asked for it, with its label; the padding stays zero.
  @Test(arguments: IDXElement.allCases)
  func batchLoadsNormalizedRows(element: IDXElement) throws {
    let features = 19
    let most = element == .int8 ? 100.0 : 200
    let values = (0..<5 * features).map { Double($0 * 37 % Int(most)) - (element == .uint8 ? 0 : 50) }
    let split = Split(images: table(element, values, shape: [features]), labels: [4, 3, 2, 1, 0])
    let network = Network(inputShape: [features], specification: [.dense(outputs: 5)])
    let picked = [3, 0, 3]
    for choice in [Normalization.none, .fixed(mean: 0.25, deviation: 0.5)] {
      let workspace = Workspace(FusionPlan(network), capacity: 4, learns: false)
      let batch = Batch(capacity: 4)
      batch.load(3, from: split, normalization: choice, into: workspace.input, team: try ThreadTeam(count: 2))
      {
        picked[$0]
      }
      for (row, sample) in picked.enumerated() {
        #expect(batch.labels[row] == split.labels[sample])
        for column in 0..<workspace.input.stride {
          let raw = column < features ? values[sample * features + column] : 0
          var expected = element == .uint8 ? raw / 255 : raw
          if choice != .none, column < features { expected = (expected - 0.25) / 0.5 }
          let found = Double(workspace.input.pointer[row * workspace.input.stride + column])
          #expect(abs(found - expected) <= 1e-6 * max(abs(expected), 1))
        }
      }
    }
  }
}
