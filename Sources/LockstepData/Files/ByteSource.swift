/// Bytes that are read piece by piece: those of an open file, or of memory.
protocol ByteSource: AnyObject {
  var count: Int { get }
  /// Fills `buffer` from byte `offset` on. All of it lies within `count`.
  ///
  /// - Throws: LockstepError (.data) where the bytes are no longer there, or cannot be read.
  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws
  /// - Throws: LockstepError (.data) where what was read may be of two versions of a file.
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
