import LockstepSupport
import PlatformC

/// Bytes that are read once, from first to last.
package protocol ByteStream: AnyObject {
  /// Fills the buffer as far as there are bytes, and returns how many it has: fewer only at the end.
  ///
  /// - Throws: LockstepError (.data).
  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int
}

/// Bytes in memory.
package final class MemoryStream: ByteStream {
  private var rest: ArraySlice<UInt8>

  package init(_ bytes: [UInt8]) { rest = bytes[...] }

  package func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
    let piece = rest.prefix(buffer.count)
    buffer.copyBytes(from: piece)
    rest = rest.dropFirst(piece.count)
    return piece.count
  }
}

/// A regular file.
final class FileStream: ByteStream {
  private let path: String
  private let descriptor: Int32
  /// Its bytes when it was opened.
  let count: Int

  /// - Throws: LockstepError (.data) for anything but a readable regular file.
  init(path: String) throws {
    self.path = path
    let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    guard file >= 0 else { throw Self.unreadable(path, String(cString: strerror(errno))) }
    var status = stat()
    guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      close(file)
      throw Self.unreadable(path, fileKind(of: status.st_mode))
    }
    (descriptor, count) = (file, Int(status.st_size))
  }

  deinit { close(descriptor) }

  func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
    var filled = 0
    while filled < buffer.count {
      let got = PlatformC.read(descriptor, buffer.baseAddress! + filled, buffer.count - filled)
      if got < 0, errno == EINTR { continue }
      guard got >= 0 else { throw Self.unreadable(path, String(cString: strerror(errno))) }
      if got == 0 { break }
      filled += got
    }
    return filled
  }

  private static func unreadable(_ path: String, _ reason: String) -> LockstepError {
    LockstepError(
      .data, path, expected: "a readable file", found: reason, fix: "Check the path and its permissions")
  }
}
