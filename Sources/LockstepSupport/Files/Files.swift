import PlatformC

/// Reads a regular file of at most `limit` bytes.
///
/// Throws `LockstepError` of the given kind with the path; never blocks on a FIFO or a device.
package func readFile(_ path: String, limit: Int, kind: LockstepError.Kind) throws -> [UInt8] {
  do {
    return try Activity.duringFileAccess(.readingFile) { try readWholeFile(path, limit: limit, kind: kind) }
  } catch let error as SystemError {
    throw LockstepError(
      error.isOfDescriptors ? .failure : kind, path, expected: "a readable file", found: error.description,
      fix: error.isOfDescriptors ? SystemError.fixOfDescriptors : nil)
  }
}

/// The most bytes a call, so that reading a large file does not look like a stall (`StallWatch`).
package let filePiece = 1 << 24

private func readWholeFile(_ path: String, limit: Int, kind: LockstepError.Kind) throws -> [UInt8] {
  func failure(_ found: String) -> LockstepError {
    LockstepError(kind, path, expected: "a readable file", found: found)
  }
  let file = try systemCall { open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC) }
  defer { close(file) }
  var status = stat()
  try systemCall { fstat(file, &status) }
  guard status.st_mode & S_IFMT == S_IFREG else {
    throw failure(status.st_mode & S_IFMT == S_IFDIR ? "a directory" : "something that is no regular file")
  }
  guard status.st_size <= limit else { throw failure("\(status.st_size) bytes, more than \(limit)") }
  var bytes = [UInt8](repeating: 0, count: Int(status.st_size))
  var filled = 0
  while filled < bytes.count {
    let got = try systemCall {
      bytes.withUnsafeMutableBytes {
        read(file, $0.baseAddress! + filled, min($0.count - filled, filePiece))
      }
    }
    Activity.noteAnswer()
    guard got > 0 else { break }
    filled += got
  }
  return Array(bytes[..<filled])
}

/// "a directory", for messages.
package func fileKind(of mode: mode_t) -> String {
  switch mode & S_IFMT {
  case S_IFREG: "a regular file"
  case S_IFDIR: "a directory"
  case S_IFIFO: "a FIFO"
  case S_IFCHR, S_IFBLK: "a device"
  case S_IFSOCK: "a socket"
  default: "something else"
  }
}

/// Removes temporary files that killed processes left in a directory.
package func removeTemporaryFiles(in directory: String) {
  for name in fileNames(in: directory) {
    let parts = name.split(separator: ".tmp-", omittingEmptySubsequences: false)
    if parts.count == 2, !parts[1].isEmpty, parts[1].allSatisfy(\.isNumber) {
      try? FileOperation.remove("\(directory)/\(name)")
    }
  }
}

/// The names in a directory, unordered; empty if it cannot be read.
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

/// Writes all bytes, waiting if a non-blocking descriptor is full.
package func writeBytes(_ bytes: [UInt8], to file: Int32) throws {
  var written = 0
  while written < bytes.count {
    do {
      written += try systemCall {
        bytes.withUnsafeBytes {
          write(file, $0.baseAddress! + written, min($0.count - written, filePiece))
        }
      }
    } catch let error as SystemError where error.code == EAGAIN {
      var wait = pollfd(fd: file, events: Int16(POLLOUT), revents: 0)
      try systemCall { poll(&wait, 1, -1) }
    }
    Activity.noteAnswer()
  }
}

/// As `writeBytes`, for callers that cannot report an error; returns false on one.
@discardableResult
package func writeAll(_ bytes: [UInt8], to file: Int32) -> Bool { (try? writeBytes(bytes, to: file)) != nil }
