import CZlib

/// Inflates a gzip file that lies in memory (a mapped file) piece by piece into memory of the caller's.
///
/// Concatenated members are one stream, as RFC 1952 says; every member's CRC and length are checked by zlib.
/// A class, because zlib's state points back at its `z_stream`, which must not move.
package final class GzipReader {
  private var stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private var unread: Slice<UnsafeRawBufferPointer>
  private let path: String
  private var isAtEnd = false

  /// zlib counts in 32 bits, and what it reads may lie on a slow disk: larger buffers are handed to it in pieces.
  private static let maximumPiece = filePiece

  /// The most that deflate compresses: 258 bytes in two bits (zlib's "technical details").
  static let maximumRatio = 1032

  static func recognizes(_ bytes: UnsafeRawBufferPointer) -> Bool {
    bytes.starts(with: [0x1F, 0x8B])
  }

  /// - Parameter compressed: the whole file; it must outlive the reader.
  package init(_ compressed: UnsafeRawBufferPointer, path: String) throws {
    self.path = path
    unread = compressed[...]
    stream.initialize(to: z_stream())
    // 15 bits of window, and 16 for "gzip, not zlib". inflateInit2 is a macro that Swift does not see.
    let status = inflateInit2_(stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
    guard status == Z_OK else {
      throw LockstepError(.failure, path, found: "zlib cannot start (status \(status))")
    }
  }

  deinit {
    inflateEnd(stream)
    stream.deallocate()
  }

  /// Fills `buffer`, or as much of it as there is; a short count means that the file ended, and was sound.
  ///
  /// - Throws: LockstepError (.data) where the file is truncated or corrupt, or more than gzip members follow.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try Activity.duringFileAccess(.readingFile) { try readPieces(into: buffer) }
  }

  private func readPieces(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count, !isAtEnd {
      Activity.noteAnswer()
      let input = unread.prefix(Self.maximumPiece)
      let output = buffer[filled...].prefix(Self.maximumPiece)
      let status = inflatePiece(UnsafeRawBufferPointer(rebasing: input), .init(rebasing: output))
      filled += output.count - Int(stream.pointee.avail_out)
      unread = unread.dropFirst(input.count - Int(stream.pointee.avail_in))
      switch status {
      case Z_OK: continue  // zlib has moved on by at least one byte, in or out: this ends
      case Z_STREAM_END: try startNextMember()
      case Z_BUF_ERROR: throw damaged("a truncated gzip file")
      default: throw damaged("a corrupt gzip file (\(message(status)))")
      }
    }
    return filled
  }

  private func inflatePiece(
    _ input: UnsafeRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> Int32 {
    // zlib reads through next_in only; its type lacks the const for the sake of old callers.
    stream.pointee.next_in = UnsafeMutablePointer(
      mutating: input.baseAddress?.assumingMemoryBound(to: UInt8.self))
    stream.pointee.avail_in = UInt32(input.count)
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(output.count)
    return inflate(stream, Z_NO_FLUSH)
  }

  private func startNextMember() throws {
    guard !unread.isEmpty else {
      isAtEnd = true
      return
    }
    guard Self.recognizes(UnsafeRawBufferPointer(rebasing: unread)) else {
      throw damaged("\(unread.count) bytes that are not gzip after the end of the gzip data")
    }
    inflateReset(stream)
  }

  private func message(_ status: Int32) -> String {
    stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
  }

  private func damaged(_ found: String) -> LockstepError {
    LockstepError(
      .data, path, expected: "a sound gzip file", found: found,
      fix: "Check it with gzip -t, and download it again with scripts/fetch-mnist")
  }
}
