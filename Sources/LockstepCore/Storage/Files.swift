#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The text of the last failed system call.
var lastSystemError: String {
  let code = errno
  let text = String(cString: strerror(code))
  guard code == EFBIG, let limit = limit(on: RLIMIT_FSIZE) else { return text }
  return "\(text) (ulimit -f allows \(fixed(limit, 0)) bytes)"
}

/// Reads a regular file of at most `limit` bytes.
///
/// Throws `LockstepError` of the given kind naming the path; never waits for a FIFO or a device.
public func readFile(_ path: String, limit: Int, kind: LockstepError.Kind) throws -> [UInt8] {
  try Activity.duringFileAccess(.readingFile) { try readWholeFile(path, limit: limit, kind: kind) }
}

/// The most bytes that the file system is asked for at once, so that a large file is no stall (`StallWatch`).
let filePiece = 1 << 24

private func readWholeFile(_ path: String, limit: Int, kind: LockstepError.Kind) throws -> [UInt8] {
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
    let got = bytes.withUnsafeMutableBytes {
      read(file, $0.baseAddress! + filled, min($0.count - filled, filePiece))
    }
    Activity.noteAnswer()
    if got < 0, errno == EINTR { continue }
    guard got >= 0 else { throw failure(lastSystemError) }
    guard got > 0 else { break }
    filled += got
  }
  return Array(bytes[..<filled])
}

/// Replaces a file's content such that a reader, also after a crash, finds either the old bytes or all of the new: a
/// temporary file in the same directory, fsync, rename, fsync of the directory.
///
/// After a failed fsync the temporary file is discarded: the system may have dropped the pages that it could not write,
/// and a second fsync would succeed without them.
public func replaceFile(_ path: String, with bytes: [UInt8]) throws {
  let temporary = "\(path).tmp-\(getpid())"
  func failure(
    _ what: String, consequence: String = "The file as it was before is untouched"
  ) -> LockstepError {
    let found = "\(what) failed: \(lastSystemError)"
    unlink(temporary)
    return LockstepError(
      .failure, path, expected: "to write \(bytes.count) bytes", found: found,
      fix: "\(consequence). Free space or choose another --output")
  }
  let file = FileOperation.open(temporary, O_WRONLY | O_CREAT | O_TRUNC)
  guard file >= 0 else { throw failure("creating \(temporary)") }
  do {
    defer { close(file) }
    guard FileOperation.write(bytes, to: file) else { throw failure("writing \(temporary)") }
    guard FileOperation.synchronize(file) else { throw failure("fsync of \(temporary)") }
  }
  guard FileOperation.rename(temporary, path) else { throw failure("renaming \(temporary)") }
  guard synchronizeDirectory(of: path) else {
    throw failure(
      "fsync of the directory", consequence: "The new file is there, but a power failure may undo that")
  }
}

/// Removes the temporary files that killed processes left in a directory.
func removeTemporaryFiles(in directory: String) {
  for name in fileNames(in: directory) {
    let parts = name.split(separator: ".tmp-", omittingEmptySubsequences: false)
    if parts.count == 2, !parts[1].isEmpty, parts[1].allSatisfy(\.isNumber) {
      _ = FileOperation.remove("\(directory)/\(name)")
    }
  }
}

/// The names in a directory, in no order; none where it cannot be read.
package func fileNames(in directory: String) -> [String] {
  guard let stream = opendir(directory) else { return [] }
  defer { closedir(stream) }
  var names: [String] = []
  while let entry = readdir(stream) {
    names.append(
      withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
  }
  return names
}

/// Writes all bytes; false on an error, which is in `errno`.
func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool {
  var written = 0
  while written < bytes.count {
    let count = bytes.withUnsafeBytes {
      write(file, $0.baseAddress! + written, min($0.count - written, filePiece))
    }
    Activity.noteAnswer()
    if count < 0, errno == EINTR { continue }
    guard count > 0 else { return false }
    written += count
  }
  return true
}

/// Makes a rename durable. True also where the file system does not know fsync of a directory.
func synchronizeDirectory(of path: String) -> Bool {
  let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  let directory = FileOperation.open(parent.isEmpty ? "/" : parent, O_RDONLY)
  guard directory >= 0 else { return false }
  defer { close(directory) }
  return FileOperation.synchronize(directory) || [EINVAL, ENOTSUP, EBADF].contains(errno)
}

/// Creates a directory and those above it.
func createDirectories(_ path: String) throws {
  if isDirectory(path) || FileOperation.makeDirectory(path) { return }
  if errno == ENOENT, let slash = path.lastIndex(of: "/"), slash > path.startIndex {
    try createDirectories(String(path[..<slash]))
  }
  if FileOperation.makeDirectory(path) || isDirectory(path) { return }
  guard errno == EEXIST else {
    throw LockstepError(
      .failure, path, expected: "to create the directory", found: lastSystemError,
      fix: "Choose another --output")
  }
  throw LockstepError(
    .failure, path, expected: "a directory", found: "a file of that name", fix: "Choose another --output")
}

func isDirectory(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}
