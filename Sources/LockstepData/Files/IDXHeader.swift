import LockstepSupport

/// The head of an IDX file (Yann LeCun's format for MNIST): two zero bytes, the element type, the number of
/// dimensions, then each dimension as a big-endian 32-bit integer. The first dimension counts the samples.
package struct IDXHeader: Equatable, Sendable {
  package let element: IDXElement
  /// [60000, 28, 28] for the images of MNIST. At least one dimension, none of them zero.
  package let dimensions: [Int]
  /// The bytes of the elements that follow the header.
  package let payloadByteCount: Int

  /// The longest header: 255 dimensions.
  package static let maximumByteCount = 4 + 4 * 255

  package var byteCount: Int { 4 + 4 * dimensions.count }
  package var fileByteCount: Int { byteCount + payloadByteCount }
  package var count: Int { dimensions[0] }
  /// The dimensions of one sample: [28, 28], or [] for a label.
  package var sampleShape: [Int] { Array(dimensions.dropFirst()) }

  /// Reads the header that `bytes` (a file, or its first `maximumByteCount` bytes) begin with.
  ///
  /// - Throws: LockstepError (.data) naming `path` for anything but a header of at least one sample.
  package init(parsing bytes: UnsafeRawBufferPointer, path: String) throws {
    try Self.requireMagic(bytes, path: path)
    guard let element = IDXElement(rawValue: bytes[2]) else {
      throw LockstepError(
        .data, path, expected: "an IDX element type (08, 09, 0B, 0C, 0D or 0E) in the third byte",
        found: hex(bytes[2...2]), fix: fetchAgain(path))
    }
    let dimensionCount = Int(bytes[3])
    guard dimensionCount > 0 else {
      throw LockstepError(
        .data, path, expected: "at least one dimension in the IDX header", found: "none",
        fix: "Write the number of samples as the first dimension")
    }
    guard bytes.count >= 4 + 4 * dimensionCount else {
      throw LockstepError(
        .data, path,
        expected: "an IDX header of \(4 + 4 * dimensionCount) bytes (\(dimensionCount) dimensions)",
        found: "a file of \(bytes.count) bytes", fix: fetchAgain(path))
    }
    let dimensions = (0..<dimensionCount).map {
      Int(UInt32(bigEndian: bytes.loadUnaligned(fromByteOffset: 4 + 4 * $0, as: UInt32.self)))
    }
    try self.init(element: element, dimensions: dimensions, path: path)
  }

  /// - Throws: LockstepError (.data) naming `path` where a dimension is zero or the size overflows.
  package init(element: IDXElement, dimensions: [Int], path: String) throws {
    if let zero = dimensions.firstIndex(of: 0) {
      throw LockstepError(
        .data, path, expected: zero == 0 ? "at least one sample" : "dimensions of at least 1",
        found: "the dimensions \(dimensions)", fix: "Write the file again with samples in it")
    }
    var size = element.byteCount
    for dimension in dimensions {
      let (product, overflow) = size.multipliedReportingOverflow(by: dimension)
      // A quarter of the address space: no sum of sizes can overflow after this.
      guard !overflow, product <= Int.max / 4 else {
        throw LockstepError(
          .data, path, expected: "a size that fits in memory", found: "the dimensions \(dimensions)",
          fix: fetchAgain(path))
      }
      size = product
    }
    self.element = element
    self.dimensions = dimensions
    self.payloadByteCount = size
  }

  /// The header's bytes, for at most 255 dimensions below 2^32.
  package static func encode(element: IDXElement, dimensions: [Int]) -> [UInt8] {
    [0, 0, element.rawValue, UInt8(dimensions.count)]
      + dimensions.flatMap { size in
        [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: size >> $0) }
      }
  }

  private static func requireMagic(_ bytes: UnsafeRawBufferPointer, path: String) throws {
    guard !bytes.isEmpty else {
      throw LockstepError(
        .data, path, expected: "an IDX file", found: "an empty file", fix: fetchAgain(path))
    }
    if let format = ForeignFormat(of: bytes) {
      throw LockstepError(
        .data, path, expected: "an IDX file", found: format.description, fix: format.fix(path))
    }
    guard bytes.count >= 4, bytes[0] == 0, bytes[1] == 0 else {
      throw LockstepError(
        .data, path, expected: "an IDX file, which begins 00 00 and is at least 8 bytes long",
        found: "\(hex(bytes.prefix(4)))\(bytes.count < 4 ? " and no more" : "")", fix: fetchAgain(path))
    }
  }
}

/// "00 00 08 03"
private func hex(_ bytes: some Sequence<UInt8>) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined(separator: " ")
}
