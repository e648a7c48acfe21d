import LockstepSupport

extension SampleTable {
  /// Samples as one array of numbers, sample after sample, each row-major in `shape`.
  ///
  /// Throws `LockstepError` (data) unless the numbers fill whole samples.
  public init(numbers: [Float], shape: [Int]) throws {
    let size = shape.reduce(1.0) { $0 * Double($1) }
    guard size >= 1, size <= Double(max(numbers.count, 1)), numbers.count % Int(size) == 0 else {
      throw LockstepError(
        .data, "samples", expected: "whole samples of the shape \(shape)", found: "\(numbers.count) numbers")
    }
    // As in IDX files, whatever the order of bytes in this machine's memory.
    let words = numbers.map { $0.bitPattern.bigEndian }
    try self.init(
      count: numbers.count / Int(size), shape: shape, element: .float32,
      copying: words.withUnsafeBytes { Array($0) })
  }

  /// Samples as an array each, row-major in `shape`; nil for the vectors that they are. `subject` is for messages.
  ///
  /// Throws `LockstepError` (data) for samples of other lengths.
  public init(samples: [[Float]], shape: [Int]? = nil, subject: String = "samples") throws {
    let shape = shape ?? [samples.first?.count ?? 0]
    try Self.require(samples.map(\.count), subject, of: shape)
    guard !samples.isEmpty else {
      self = try SampleTable(count: 0, shape: shape, element: .float32, copying: [])
      return
    }
    try self.init(numbers: samples.flatMap { $0 }, shape: shape)
  }

  /// The same of bytes, such as pixels from 0 to 255.
  public init(samples: [[UInt8]], shape: [Int]? = nil, subject: String = "samples") throws {
    let shape = shape ?? [samples.first?.count ?? 0]
    try Self.require(samples.map(\.count), subject, of: shape)
    try self.init(count: samples.count, shape: shape, element: .uint8, copying: samples.flatMap { $0 })
  }

  private static func require(_ counts: [Int], _ subject: String, of shape: [Int]) throws {
    let size = shape.reduce(1.0) { $0 * Double($1) }
    guard size >= 1, shape.allSatisfy({ $0 >= 1 }) else {
      throw LockstepError(
        .data, subject, expected: "samples of at least one number", found: "the shape \(shape)")
    }
    guard let other = counts.firstIndex(where: { Double($0) != size }) else { return }
    throw LockstepError(
      .data, subject, expected: "\(Int(min(size, 1e15))) numbers in each, as \(shape) has",
      found: "\(counts[other]) in number \(other) (counted from 0)")
  }
}
