#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The text of the last failed system call.
var lastSystemError: String { String(cString: strerror(errno)) }

/// Reads a regular file of at most `limit` bytes.
///
/// Throws `LockstepError` of the given kind naming the path; never waits for a FIFO or a device.
public func readFile(_ path: String, limit: Int, kind: LockstepError.Kind) throws -> [UInt8] {
  func failure(_ found: String) -> LockstepError {
    LockstepError(kind, path, expected: "a readable file", found: found)
  }
  let file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)
  guard file >= 0 else { throw failure(lastSystemError) }
  defer { close(file) }
  var status = stat()
  guard fstat(file, &status) == 0 else { throw failure(lastSystemError) }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw failure(status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "something that is no regular file")
  }
  guard status.st_size <= limit else { throw failure("\(status.st_size) bytes, more than \(limit)") }
  var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
  var filled = 0
  while filled < bytes.count {
    let got = bytes.withUnsafeMutableBytes { read(file, $0.baseAddress! + filled, $0.count - filled) }
    if got < 0, errno == EINTR { continue }
    guard got >= 0 else { throw failure(lastSystemError) }
    guard got > 0 else { break }
    filled += got
  }
  return Array(bytes[..<filled])
}

/// Replaces a file's content such that a reader, also after a crash, finds either the old bytes or all of the new: a
/// temporary file in the same directory, fsync, rename, fsync of the directory.
public func replaceFile(_ path: String, with bytes: [UInt8]) throws {
  let temporary = "\(path).tmp-\(getpid())"
  func failure(_ what: String) -> LockstepError {
    let found = "\(what) failed: \(lastSystemError)"
    unlink(temporary)
    return LockstepError(
      .failure, path, expected: "to write \(bytes.count) bytes", found: found,
      fix: "The file as it was before is untouched. Free space or choose another --output")
  }
  let file = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
  guard file >= 0 else { throw failure("creating \(temporary)") }
  do {
    defer { close(file) }
    guard writeAll(bytes, to: file) else { throw failure("writing \(temporary)") }
    guard fsync(file) == 0 else { throw failure("fsync of \(temporary)") }
  }
  guard rename(temporary, path) == 0 else { throw failure("renaming \(temporary)") }
  synchronizeDirectory(of: path)
}

/// Writes all bytes; false on an error, which is in `errno`.
func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes {
      write(file, $0.baseAddress! + written, min($0.count - written, 1 << 30))
    }
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    written += count
  }
  return true
}

/// Makes a rename durable. Some file systems refuse to fsync a directory; the rename itself has succeeded then.
func synchronizeDirectory(of path: String) {
  let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  let directory = open(parent.isEmpty ? "/" : parent, O_RDONLY | O_CLOEXEC)
  guard directory >= 0 else { return }
  fsync(directory)
  close(directory)
}

/// Creates a directory and those above it.
func createDirectories(_ path: String) throws {
  guard mkdir(path, 0o755) != 0, errno != EEXIST else {
    var status = stat()
    if stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR { return }
    throw LockstepError(
      .failure, path, expected: "a directory", found: "a file of that name", fix: "Choose another --output")
  }
  if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
    try createDirectories(String(path[..<slash]))
    if mkdir(path, 0o755) == 0 || errno == EEXIST { return }
  }
  throw LockstepError(
    .failure, path, expected: "to create the directory", found: lastSystemError,
    fix: "Choose another --output")
}

func isDirectory(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
