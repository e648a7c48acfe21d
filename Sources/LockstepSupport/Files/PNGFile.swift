import CZlib

/// A picture as a PNG file (ISO/IEC 15948) of 8 bits a channel.
package struct PNGFile {
  /// Samples of a pixel, by the format's number for them.
  package enum Colour: UInt8, Sendable {
    case grey = 0
    case rgb = 2
    case rgba = 6

    var samples: Int { self == .grey ? 1 : self == .rgb ? 3 : 4 }
  }

  package let bytes: [UInt8]

  /// `pixels` are rows of pixels from the upper left, a byte each sample: width * height * samples of them.
  package init(width: Int, height: Int, _ colour: Colour, pixels: [UInt8]) {
    let row = width * colour.samples
    precondition(width > 0 && height > 0 && pixels.count == height * row)
    // Each row begins with the number of its filter, 0 for none.
    let rows = (0..<height).flatMap { [0] + pixels[$0 * row..<($0 + 1) * row] }
    var compressed = [UInt8](repeating: 0, count: Int(compressBound(uLong(rows.count))))
    var count = uLong(compressed.count)
    let status = compress2(&compressed, &count, rows, uLong(rows.count), 9)
    precondition(status == Z_OK, "zlib found no memory")
    bytes =
      [0x89] + Array("PNG\r\n\u{1A}\n".utf8)
      + Self.chunk(
        "IHDR", Self.big(UInt32(width)) + Self.big(UInt32(height)) + [8, colour.rawValue, 0, 0, 0])
      + Self.chunk("IDAT", Array(compressed.prefix(Int(count)))) + Self.chunk("IEND", [])
  }

  private static func chunk(_ kind: String, _ content: [UInt8]) -> [UInt8] {
    let checked = Array(kind.utf8) + content
    return big(UInt32(content.count)) + checked + big(checked.withUnsafeBytes { Checksum.crc($0, after: 0) })
  }

  private static func big(_ value: UInt32) -> [UInt8] {
    withUnsafeBytes(of: value.bigEndian) { Array($0) }
  }
}
