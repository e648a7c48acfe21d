import CZlib
import LockstepCore

extension FuzzTarget {
  /// Gzip files: reading in pieces of any size gives the same bytes or the same error.
  static let gzip = FuzzTarget(
    name: "gzip", dictionary: [[0x1F, 0x8B, 8], [0x1F, 0x8B, 8, 4], [0, 0, 0xFF, 0xFF], [3, 0]],
    // The output is not kept: one piece at a time, and zlib's window. Short, because otherwise half of the inputs that
    // libFuzzer learns are slow bombs.
    longestInput: 400, largestAllocation: 1
  ) { bytes in
    let whole = inflate(bytes, piece: 1 << 16)
    try require(whole.count <= 1032 * bytes.count, "\(whole.count) bytes out of \(bytes.count)")
    // Single bytes of a short output, and a few hundred reads of a long one.
    let piece = max(1, whole.count / 200)
    try require(inflate(bytes, piece: piece) == whole, "read in pieces of \(piece), the result differs")
    if let error = whole.error { throw error }
  }

  private struct Inflated: Equatable {
    var count = 0
    var checksum = crc32(0, nil, 0)
    var error: LockstepError?
  }

  private static func inflate(_ bytes: [UInt8], piece: Int) -> Inflated {
    var result = Inflated()
    do {
      let reader = try GzipReader(bytes, path: "fuzz")
      try withUnsafeTemporaryAllocation(byteCount: piece, alignment: 1) { buffer in
        var count = piece
        while count == piece {
          count = try reader.read(into: buffer)
          result.checksum = crc32(result.checksum, buffer.baseAddress, UInt32(count))
          result.count += count
        }
      }
    } catch {
      // What the failed read had filled is lost.
      return Inflated(error: error as? LockstepError)
    }
    return result
  }
}

/// The bytes as a gzip file of one stored block (RFC 1951, 3.2.4), for at most 65,535 of them.
func gzipStored(_ bytes: [UInt8]) -> [UInt8] {
  let size = UInt16(bytes.count)
  let checksum = UInt32(bytes.withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32($0.count)) })
  func littleEndian(_ value: some FixedWidthInteger) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }
  return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 0xFF, 1] + littleEndian(size) + littleEndian(~size) + bytes
    + littleEndian(checksum) + littleEndian(UInt32(size))
}
