import CZlib

package enum Checksum {
  /// Continues a CRC-32 (ISO 3309): `start` is that of the bytes before these, 0 for none.
  package static func crc(_ bytes: UnsafeRawBufferPointer, after start: UInt32) -> UInt32 {
    // The bytes may lie on a slow disk.
    Activity.duringFileAccess(.readingFile) {
      stride(from: 0, to: bytes.count, by: filePiece).reduce(start) { crc, offset in
        Activity.noteAnswer()
        let piece = bytes[offset...].prefix(filePiece)
        return UInt32(
          crc32_z(UInt(crc), (bytes.baseAddress! + offset).assumingMemoryBound(to: UInt8.self), piece.count))
      }
    }
  }

  /// CRC-32C (Castagnoli; RFC 3720, appendix B.4), which zlib does not have, of a few bytes.
  package static func crc32c(_ bytes: some Sequence<UInt8>) -> UInt32 {
    ~bytes.reduce(~0) { crc, byte in
      (0..<8).reduce(crc ^ UInt32(byte)) { rest, _ in rest >> 1 ^ (rest & 1 == 0 ? 0 : 0x82F6_3B78) }
    }
  }
}
