import LockstepSupport
import PlatformC

/// A regular file that is open for reading. It stays the same file if its name changes; `requireUnchanged` checks that
/// its bytes stay the same.
final class DataFile: ByteSource, @unchecked Sendable {
  let path: String
  /// Its identity when it was opened.
  let identity: Identity
  var count: Int { identity.size }
  let descriptor: Int32

  /// Which file it is, and which version of it.
  struct Identity: Hashable {
    let device: UInt64
    let inode: UInt64
    let size: Int
    let modified: Time
    /// Also changes if the file is renamed, linked or given another mode.
    let changed: Time

    struct Time: Hashable {
      let seconds: Int
      let nanoseconds: Int
    }

    init(_ status: stat) {
      device = UInt64(truncatingIfNeeded: status.st_dev)
      inode = UInt64(status.st_ino)
      size = Int(status.st_size)
      #if canImport(Darwin)
        let (modified, changed) = (status.st_mtimespec, status.st_ctimespec)
      #else
        let (modified, changed) = (status.st_mtim, status.st_ctim)
      #endif
      self.modified = Time(seconds: Int(modified.tv_sec), nanoseconds: Int(modified.tv_nsec))
      self.changed = Time(seconds: Int(changed.tv_sec), nanoseconds: Int(changed.tv_nsec))
    }

    func hasSameContents(as other: Identity) -> Bool { size == other.size && modified == other.modified }
  }

  /// - Throws: LockstepError (.data) for anything but a readable regular file.
  init(path: String) throws {
    // Non-blocking: opening a FIFO would otherwise wait for a writer.
    let (file, reason) = Activity.duringFileAccess(.readingFile) {
      let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
      return (file, errno)
    }
    guard file >= 0 else { throw Self.unreadable(path, reason) }
    var status = stat()
    guard fstat(file, &status) == 0 else {
      let reason = errno
      close(file)
      throw Self.unreadable(path, reason)
    }
    guard status.st_mode & S_IFMT == S_IFREG else {
      close(file)
      throw LockstepError(
        .data, path, expected: "a regular file", found: fileKind(of: status.st_mode),
        fix: "Put the IDX file itself under this name")
    }
    self.path = path
    descriptor = file
    identity = Identity(status)
  }

  deinit { close(descriptor) }

  func read(into buffer: UnsafeMutableRawBufferPointer, at offset: Int) throws {
    try Activity.duringFileAccess(.readingFile) {
      var filled = 0
      while filled < buffer.count {
        let got = pread(
          descriptor, buffer.baseAddress! + filled, min(buffer.count - filled, filePiece),
          off_t(offset + filled))
        let reason = errno
        Activity.noteAnswer()
        if got < 0, reason == EINTR { continue }
        guard got >= 0 else { throw Self.unreadable(path, reason) }
        guard got > 0 else {
          throw changed("the end of the file after \(offset + filled) bytes, of \(count) when it was opened")
        }
        filled += got
      }
    }
  }

  func requireUnchanged() throws {
    let now = try currentIdentity()
    guard now.hasSameContents(as: identity) else {
      throw changed("it was written to while it was read, and has \(now.size) bytes now, of \(count) before")
    }
  }

  func currentIdentity() throws -> Identity {
    var status = stat()
    let (code, reason) = Activity.duringFileAccess(.readingFile) {
      let code = fstat(descriptor, &status)
      return (code, errno)
    }
    guard code == 0 else { throw Self.unreadable(path, reason) }
    return Identity(status)
  }

  func changed(_ found: String) -> LockstepError {
    LockstepError(
      .data, path, expected: "a file that nobody changes meanwhile", found: found,
      fix: "Start again when whatever writes the file has ended")
  }

  static func unreadable(_ path: String, _ code: Int32) -> LockstepError {
    let error = SystemError(code: code)
    return LockstepError(
      error.isOfDescriptors ? .failure : .data, path, expected: "a file that can be read",
      found: error.description,
      fix: error.isOfDescriptors
        ? SystemError.fixOfDescriptors : "Check the path and its permissions on every node")
  }
}
