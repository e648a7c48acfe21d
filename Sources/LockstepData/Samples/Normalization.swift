import LockstepSupport

/// How a sample's numbers are scaled: x = (value - mean) / deviation. Bytes are first divided by 255, as torchvision's
/// ToTensor does; other element types are used as they are.
public enum Normalization: Equatable, Sendable {
  /// x = value; bytes are divided by 255.
  case none
  /// Mean and deviation of the training images, over all elements.
  case auto
  /// These, in units of x: of bytes divided by 255.
  case fixed(mean: Double, deviation: Double)

  /// Replaces `auto` by the mean and deviation of `images`; returns others unchanged.
  public func resolved(for images: SampleTable, team: ThreadTeam) -> Normalization {
    self == .auto ? images.meanAndDeviation(team: team) : self
  }

  /// Throws `LockstepError` (usage) for a normalization that no recipe could contain.
  package func check() throws {
    guard Normalization(description) == self else {
      throw LockstepError(
        .usage, "normalize", expected: "finite numbers, the deviation above 0", found: "'\(description)'")
    }
  }

  /// x = value * scale + shift for raw values of an element type. `auto` must have been resolved.
  package func affine(for element: IDXElement) -> (scale: Float, shift: Float) {
    let unit = element == .uint8 ? 1.0 / 255 : 1
    switch self {
    case .none, .auto: return (Float(unit), 0)
    case .fixed(let mean, let deviation): return (Float(unit / deviation), Float(-mean / deviation))
    }
  }
}

extension SampleTable {
  /// Over all elements of all samples, bytes divided by 255. Bytes are counted, which is exact in any order; other
  /// types are summed in ascending order.
  func meanAndDeviation(team: ThreadTeam) -> Normalization {
    var (sum, squares) = (0.0, 0.0)
    if element == .uint8 {
      for (value, count) in byteHistogram(team: team).enumerated() {
        let x = Double(value) / 255
        sum += x * Double(count)
        squares += x * x * Double(count)
      }
    } else {
      for index in 0..<count * elementsPerSample {
        let x = element.value(at: index, in: bytes)
        sum += x
        squares += x * x
      }
    }
    let n = Double(count * elementsPerSample)
    let mean = sum / n
    let deviation = max(squares / n - mean * mean, 0).squareRoot()
    return .fixed(mean: mean, deviation: deviation > 0 ? deviation : 1)
  }

  private func byteHistogram(team: ThreadTeam) -> [Int] {
    let counts = AlignedBuffer<Int>(count: 256 * team.count, zero: 0)
    let bytes = bytes
    team.split(team.count) { threads in
      let thread = threads.lowerBound
      let own = counts.pointer + 256 * thread
      for i in Share(index: thread, count: team.count).range(of: bytes.count) {
        own[Int(bytes[i])] += 1
      }
    }
    return (0..<256).map { value in (0..<team.count).reduce(0) { $0 + counts.pointer[256 * $1 + value] } }
  }
}

extension IDXElement {
  /// Number `index` of a table of big-endian numbers.
  func value(at index: Int, in bytes: UnsafeRawBufferPointer) -> Double {
    func load<T: FixedWidthInteger>(_: T.Type) -> T {
      T(bigEndian: bytes.loadUnaligned(fromByteOffset: index * MemoryLayout<T>.size, as: T.self))
    }
    return switch self {
    case .uint8: Double(load(UInt8.self))
    case .int8: Double(load(Int8.self))
    case .int16: Double(load(Int16.self))
    case .int32: Double(load(Int32.self))
    case .float32: Double(Float(bitPattern: load(UInt32.self)))
    case .float64: Double(bitPattern: load(UInt64.self))
    }
  }
}
