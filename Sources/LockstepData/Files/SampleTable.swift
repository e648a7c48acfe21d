import LockstepSupport

/// A table of `count` samples of `shape`, as the big-endian bytes of an IDX file.
///
/// The bytes are read-only, may be shared with other ranks, and need not be aligned. They stay in memory as long
/// as the table or a copy of it does.
public struct SampleTable: @unchecked Sendable {
  /// The number of samples.
  public let count: Int
  /// The shape of one sample: [features], [height, width] or [channels, height, width]; [] for labels.
  public let shape: [Int]
  /// The shape as in the file, with axes of size 1.
  let fileShape: [Int]
  /// The type of the elements.
  public let element: IDXElement
  package let bytes: UnsafeRawBufferPointer
  /// Keeps `bytes` alive.
  private let owner: AnyObject

  /// A table over memory that `owner` keeps alive; `bytes` must be exactly as many as the header says.
  package init(header: IDXHeader, bytes: UnsafeRawBufferPointer, owner: AnyObject) {
    precondition(bytes.count == header.payloadByteCount)
    count = header.count
    shape = header.sampleShape
    fileShape = shape
    elementsPerSample = shape.reduce(1, *)
    element = header.element
    self.bytes = bytes
    self.owner = owner
  }

  /// A table with its own copy of `bytes`, big-endian. `shape` is that of one sample.
  ///
  /// Throws `LockstepError` (data) unless there are count times the product of `shape` times the element's size bytes.
  public init(count: Int, shape: [Int], element: IDXElement, copying bytes: [UInt8]) throws {
    let needed = ([count] + shape).reduce(Double(element.byteCount)) { $0 * Double($1) }
    // The product of the shape must not overflow even if one of its factors is 0.
    let widest = shape.reduce(1.0) { $0 * Double(max($1, 1)) }
    guard count >= 0, shape.allSatisfy({ $0 >= 0 }), widest < 0x1p48, Double(bytes.count) == needed else {
      throw LockstepError(
        .data, "samples", expected: "the bytes of \(count) samples of \(shape) of type \(element)",
        found: "\(bytes.count) bytes")
    }
    self.count = count
    self.shape = shape
    fileShape = shape
    elementsPerSample = shape.reduce(1, *)
    self.element = element
    let storage = ByteStorage(bytes)
    self.bytes = storage.bytes
    owner = storage
  }

  private init(_ table: SampleTable, shape: [Int]) {
    (count, element, bytes, owner) = (table.count, table.element, table.bytes, table.owner)
    (fileShape, elementsPerSample) = (table.fileShape, table.elementsPerSample)
    self.shape = shape
  }

  /// The same samples in another shape with as many elements.
  func shaped(_ shape: [Int]) -> SampleTable { SampleTable(self, shape: shape) }

  /// The product of the shape: 784 for MNIST.
  public let elementsPerSample: Int
  /// The bytes of one sample.
  public var sampleByteCount: Int { elementsPerSample * element.byteCount }

  /// A copy of the bytes of sample `index`, `0 ..< count`: its elements row-major, big-endian.
  public func sample(_ index: Int) -> [UInt8] {
    withExtendedLifetime(owner) {
      Array(bytes[index * sampleByteCount..<(index + 1) * sampleByteCount])
    }
  }
}

/// Bytes on the heap for as long as this object lives.
final class ByteStorage: @unchecked Sendable {
  let mutableBytes: UnsafeMutableRawBufferPointer
  var bytes: UnsafeRawBufferPointer { UnsafeRawBufferPointer(mutableBytes) }

  init(byteCount: Int) {
    mutableBytes = .allocate(byteCount: byteCount, alignment: 64)
  }

  convenience init(_ bytes: [UInt8]) {
    self.init(byteCount: bytes.count)
    mutableBytes.copyBytes(from: bytes)
  }

  deinit { mutableBytes.deallocate() }
}
