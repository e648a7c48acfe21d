#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// A file in memory, read-only, for as long as this object lives. Ranks of a node that map the same file share
/// its pages. Should another process shrink the file meanwhile, reading the lost part raises SIGBUS.
final class MappedFile: @unchecked Sendable {
  let bytes: UnsafeRawBufferPointer

  /// - Throws: LockstepError (.data) for whatever is not a regular file that can be read.
  init(path: String) throws {
    // Non-blocking: opening a FIFO would otherwise wait for someone to write to it.
    let descriptor = Activity.duringFileAccess(.readingFile) {
      open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
    }
    guard descriptor >= 0 else { throw Self.unreadable(path, errno) }
    defer { close(descriptor) }
    var status = stat()
    guard fstat(descriptor, &status) == 0 else { throw Self.unreadable(path, errno) }
    guard status.st_mode & S_IFMT == S_IFREG else {
      throw LockstepError(
        .data, path, expected: "a regular file", found: Self.kind(of: status.st_mode),
        fix: "Put the IDX file itself under this name")
    }
    let size = Int(status.st_size)
    // mmap refuses an empty range.
    guard size > 0 else {
      bytes = UnsafeRawBufferPointer(start: nil, count: 0)
      return
    }
    guard let address = mmap(nil, size, PROT_READ, MAP_SHARED, descriptor, 0), address != MAP_FAILED else {
      throw Self.unreadable(path, errno)
    }
    bytes = UnsafeRawBufferPointer(start: address, count: size)
  }

  deinit {
    if let address = bytes.baseAddress {
      munmap(UnsafeMutableRawPointer(mutating: address), bytes.count)
    }
  }

  private static func unreadable(_ path: String, _ code: Int32) -> LockstepError {
    LockstepError(
      .data, path, expected: "a file that can be read", found: String(cString: strerror(code)),
      fix: "Check the path and its permissions on every node")
  }

  private static func kind(of mode: mode_t) -> String {
    switch mode & S_IFMT {
    case S_IFDIR: "a directory"
    case S_IFIFO: "a FIFO"
    case S_IFCHR, S_IFBLK: "a device"
    case S_IFSOCK: "a socket"
    default: "something else"
    }
  }
}
