/// Bytes that are read piece by piece, from an open file or from memory.
protocol ByteSource: AnyObject {
  var count: Int { get }
  /// Fills `buffer` from byte `offset` on, which must lie within `count`.
  ///
  /// - Throws: LockstepError (.data) if the bytes are gone or cannot be read.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws
  /// - Throws: LockstepError (.data) if the bytes read may be from two versions of a file.
  func requireUnchanged() throws
}

/// A file that is in memory already.
final class MemoryBytes: ByteSource {
  private let bytes: [UInt8]
  var count: Int { bytes.count }

  init(_ bytes: [UInt8]) { self.bytes = bytes }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) {
    buffer.copyBytes(from: bytes[offset..<offset + buffer.count])
  }

  func requireUnchanged() {}
}
