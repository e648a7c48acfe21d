import CZlib
import LockstepSupport

/// Inflates a gzip file piece by piece into the caller's memory.
///
/// Concatenated members are one stream, as RFC 1952 says; every member's CRC and length are checked by zlib.
/// A class, because zlib's state points back at its `z_stream`, which must not move.
package final class GzipReader {
  private var stream = UnsafeMutablePointer<z_stream>.allocate(capacity: 1)
  private let source: any ByteSource
  private let path: String
  /// A piece of the file; `unread` is the range that zlib has not consumed.
  private let window: UnsafeMutableRawBufferPointer
  private var unread = 0..<0
  /// How much of the file has been read into the window.
  private var offset = 0
  private var isAtEnd = false

  /// zlib counts in 32 bits: larger buffers are filled in pieces.
  private static let maximumPiece = filePiece

  /// The most that deflate compresses: 258 bytes in two bits (zlib's "technical details").
  static let maximumRatio = 1032

  static func recognizes(_ bytes: some Sequence<UInt8>) -> Bool {
    bytes.starts(with: [0x1F, 0x8B])
  }

  /// - Parameter compressed: the whole file.
  package convenience init(_ compressed: [UInt8], path: String) throws {
    try self.init(MemoryBytes(compressed), path: path)
  }

  init(_ source: any ByteSource, path: String) throws {
    self.source = source
    self.path = path
    window = .allocate(byteCount: min(max(source.count, 2), 1 << 18), alignment: 64)
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
    window.deallocate()
  }

  /// Fills `buffer`, or as much of it as there is data for; a short count means that the file ended and was sound.
  ///
  /// - Throws: LockstepError (.data) if the file is truncated or corrupt, or something other than gzip members follows.
  package func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    try Activity.duringFileAccess(.readingFile) { try readPieces(into: buffer) }
  }

  private func readPieces(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count, !isAtEnd {
      Activity.noteAnswer()
      if unread.isEmpty { try refill() }
      let output = buffer[filled...].prefix(Self.maximumPiece)
      let status = inflatePiece(.init(rebasing: window[unread]), .init(rebasing: output))
      filled += output.count - Int(stream.pointee.avail_out)
      unread = unread.upperBound - Int(stream.pointee.avail_in)..<unread.upperBound
      switch status {
      case Z_OK: continue  // zlib has made progress by at least one byte, so the loop ends
      case Z_STREAM_END: try startNextMember()
      case Z_BUF_ERROR: throw damaged("a truncated gzip file")
      default: throw damaged("a corrupt gzip file (\(message(status)))")
      }
    }
    return filled
  }

  /// Moves the unread bytes to the window's start and fills the rest from the file.
  private func refill() throws {
    let kept = unread.count
    if kept > 0 { window.copyMemory(from: .init(rebasing: window[unread])) }
    let count = min(window.count - kept, source.count - offset)
    try source.read(into: .init(rebasing: window[kept..<kept + count]), at: offset)
    offset += count
    unread = 0..<kept + count
  }

  private func inflatePiece(
    _ input: UnsafeMutableRawBufferPointer, _ output: UnsafeMutableRawBufferPointer
  ) -> Int32 {
    stream.pointee.next_in = input.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_in = UInt32(input.count)
    stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
    stream.pointee.avail_out = UInt32(output.count)
    return inflate(stream, Z_NO_FLUSH)
  }

  private func startNextMember() throws {
    if unread.count < 2 { try refill() }
    guard !unread.isEmpty else {
      isAtEnd = true
      return
    }
    guard Self.recognizes(window[unread]) else {
      let rest = unread.count + source.count - offset
      throw damaged("\(rest) bytes that are not gzip after the end of the gzip data")
    }
    inflateReset(stream)
  }

  private func message(_ status: Int32) -> String {
    stream.pointee.msg.map { String(cString: $0) } ?? "zlib status \(status)"
  }

  private func damaged(_ found: String) -> LockstepError {
    LockstepError(
      .data, path, expected: "a sound gzip file", found: found,
      fix: "Check it with gzip -t. \(fetchAgain(path))")
  }
}
