import CKernels
import Testing

@Suite(.serialized) struct SoftmaxTests {
  /// The kernel on rows of logits, all lanes past the classes filled with what must not be looked at.
  private func run(_ rows: [[Float]], labels: [Int32], scale: Float, smoothing: Float = 0) -> (
    losses: [Float], hits: [UInt8], gradient: [Float], stride: Int
  ) {
    let classes = rows[0].count
    let stride = (classes + 15) / 16 * 16
    let logits = rows.flatMap { $0 + [Float](repeating: 77, count: stride - classes) }
    var gradient = [Float](repeating: 9, count: logits.count)
    var losses = [Float](repeating: 9, count: rows.count)
    var hits = [UInt8](repeating: 9, count: rows.count)
    logits.withUnsafeBufferPointer { logits in
      labels.withUnsafeBufferPointer { labels in
        gradient.withUnsafeMutableBufferPointer { gradient in
          losses.withUnsafeMutableBufferPointer { losses in
            hits.withUnsafeMutableBufferPointer { hits in
              let batch = kernel_classification(
                logits: logits.baseAddress, stride: stride, classes: classes, labels: labels.baseAddress,
                others: nil, parts: nil, scale: scale, smoothing: smoothing, weights: nil, weight_sum: 0,
                dlogits: gradient.baseAddress, losses: losses.baseAddress,
                hits: hits.baseAddress)
              kernel_softmax_cross_entropy(batch, kernel_range(begin: 0, end: rows.count))
            }
          }
        }
      }
    }
    return (losses, hits, gradient, stride)
  }

  @Test(arguments: 1...40)
  func isTheReference(classes: Int) {
    var numbers = Numbers(seed: UInt64(classes))
    let rows = [Float(0.01), 1, 20, 80].flatMap { scale in
      (0..<5).map { _ in numbers.floats(classes, scale: scale) }
    }
    let labels = numbers.labels(rows.count, classes: classes)
    let found = run(rows, labels: labels, scale: 0.125)
    for (r, row) in rows.enumerated() {
      let (z, label) = (row.map(Double.init), Int(labels[r]))
      let loss = ReferenceNetwork.crossEntropy(z, label: label)
      #expect(abs(Double(found.losses[r]) - loss) <= 1e-6 * max(loss, 0.1))
      #expect(found.hits[r] == (z.firstIndex(of: z.max()!) == label ? 1 : 0))
      let gradient = Array(found.gradient[r * found.stride..<(r + 1) * found.stride])
      for (c, p) in ReferenceNetwork.softmax(z).enumerated() {
        #expect(abs(Double(gradient[c]) - (p - (c == label ? 1 : 0)) / 8) <= 1e-6 / 8)
      }
      #expect(abs(gradient.reduce(0, +)) < 1e-6)
      #expect(gradient[classes...].allSatisfy { $0 == 0 })
    }
  }

  /// The loss and gradient of a target that is shared, as torch.nn.CrossEntropyLoss defines it (Szegedy et al. 2016).
  @Test(arguments: [1, 2, 7, 8, 9, 10, 31], [Float(0.1), 0.5, 0.9])
  func smoothedLabels(classes: Int, smoothing: Float) {
    var numbers = Numbers(seed: UInt64(100 + classes))
    let rows = [Float(0.01), 1, 20].flatMap { scale in
      (0..<4).map { _ in numbers.floats(classes, scale: scale) }
    }
    let labels = numbers.labels(rows.count, classes: classes)
    let found = run(rows, labels: labels, scale: 0.125, smoothing: smoothing)
    for (r, row) in rows.enumerated() {
      let (z, label) = (row.map(Double.init), Int(labels[r]))
      let even = Double(smoothing) / Double(classes)
      let loss = z.indices.reduce(0.0) { sum, c in
        let target = even + (c == label ? 1 - Double(smoothing) : 0)
        return sum + target * ReferenceNetwork.crossEntropy(z, label: c)
      }
      #expect(abs(Double(found.losses[r]) - loss) <= 2e-6 * max(loss, 0.1), "row \(r)")
      let gradient = Array(found.gradient[r * found.stride..<(r + 1) * found.stride])
      for (c, p) in ReferenceNetwork.softmax(z).enumerated() {
        let target = even + (c == label ? 1 - Double(smoothing) : 0)
        #expect(abs(Double(gradient[c]) - (p - target) / 8) <= 1e-6 / 8, "row \(r)")
      }
      #expect(gradient[classes...].allSatisfy { $0 == 0 })
    }
  }

  @Test func hugeLogits() {
    let found = run(
      [[3e38, -3e38, 0], [-3e38, -3e38, -3e38], [1000, 999, 0], [-1e30, 0, 0]], labels: [0, 1, 1, 0], scale: 1
    )
    #expect(found.losses[0] == 0)
    #expect(abs(found.losses[1] - 1.0986123) < 1e-6)
    #expect(abs(found.losses[2] - 1.3132617) < 2e-6)
    #expect(abs(found.losses[3] / 1e30 - 1) < 1e-6)
    #expect(found.gradient.allSatisfy { $0.isFinite })
  }

  @Test func ofEqualLogitsTheFirstWins() {
    #expect(run([[1, 2, 2], [1, 2, 2]], labels: [1, 2], scale: 1).hits == [1, 0])
  }

  /// Wherever it stands among the vectors' lanes.
  @Test(arguments: [3, 8, 9, 10, 17], [Float.nan, .infinity])
  func aBadLogitIsALossOfNaN(classes: Int, bad: Float) {
    for place in 0..<classes {
      for label in 0..<classes {
        var row = (0..<classes).map { Float($0) }
        row[place] = bad
        #expect(run([row], labels: [Int32(label)], scale: 1).losses[0].isNaN)
      }
    }
  }

  @Test func everyBuildGivesTheSameBits() {
    var numbers = Numbers(seed: 3)
    let rows = (0..<60).map { numbers.floats(37, scale: Float($0 + 1)) }
    let labels = numbers.labels(60, classes: 37)
    for smoothing in [Float(0), 0.1] {
      func bits() -> Bits {
        let found = run(rows, labels: labels, scale: 1 / 60, smoothing: smoothing)
        return Bits(found.losses + found.gradient) + Bits(found.hits)
      }
      let expected = bits()
      for name in ISA.names { #expect(ISA.with(name, bits) == expected, "\(name)") }
    }
  }
}
