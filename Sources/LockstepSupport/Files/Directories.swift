import PlatformC

/// Creates a directory and its parents. `option` is the flag that named it, for messages.
///
/// Returns whether the directory is new. Throws `LockstepError` with the file in the way, or the system's reason.
@discardableResult
package func createDirectories(_ path: String, option: String = "--output") throws -> Bool {
  if isDirectory(path) { return false }
  do {
    return try makeDirectory(path)
  } catch let error as SystemError {
    let parent = parentDirectory(of: path)
    if error.code == ENOENT, let parent {
      try createDirectories(parent, option: option)
      do { return try makeDirectory(path) } catch let error as SystemError {
        throw obstacle(error, path, option)
      }
    }
    throw obstacle(error, path, option)
  }
}

/// Whether the directory is new; false if it existed.
private func makeDirectory(_ path: String) throws -> Bool {
  do {
    try FileOperation.makeDirectory(path)
    return true
  } catch {
    // Some file systems refuse the call before checking whether the directory exists.
    if isDirectory(path) { return false }
    throw error
  }
}

private func obstacle(_ error: SystemError, _ path: String, _ option: String) -> LockstepError {
  var found = error.description
  if error.code == ENOTDIR {
    var inTheWay = path
    var status = stat()
    while stat(inTheWay, &status) != 0, let parent = parentDirectory(of: inTheWay) { inTheWay = parent }
    found += ": \(inTheWay)"
  } else if error.code == EEXIST {
    found =
      linkTarget(of: path).map { "a symbolic link to '\($0)', which is no directory" }
      ?? "a file of that name"
  }
  return LockstepError(
    .failure, path, expected: error.code == EEXIST ? "a directory" : "to create the directory", found: found,
    fix: error.fix(option: option))
}

/// nil if the parent is the working directory or the root.
package func parentDirectory(of path: String) -> String? {
  var end = path.endIndex
  while end > path.startIndex, path[path.index(before: end)] == "/" { end = path.index(before: end) }
  guard let slash = path[..<end].lastIndex(of: "/"), slash > path.startIndex else { return nil }
  return String(path[..<slash])
}

package func isDirectory(_ path: String) -> Bool {
  var status = stat()
  return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
}

/// The target of a symbolic link; nil if the path is not one.
package func linkTarget(of path: String) -> String? {
  var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
  let count = target.withUnsafeMutableBytes {
    readlink(path, $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
  }
  return count < 0 ? nil : String(decoding: target.prefix(count), as: UTF8.self)
}

/// The absolute path, with symbolic links not resolved.
func absolutePath(_ path: String) -> String {
  guard !path.hasPrefix("/"), let directory = getcwd(nil, 0) else { return path }
  defer { free(directory) }
  return "\(String(cString: directory))/\(path)"
}

/// The path with all links and ".." resolved; the absolute path if it leads nowhere.
package func realPath(_ path: String) -> String {
  guard let real = realpath(path, nil) else { return absolutePath(path) }
  defer { free(real) }
  return String(cString: real)
}

/// Makes a rename durable. File systems that cannot fsync a directory are no error.
func synchronizeDirectory(of path: String) throws {
  let parent = path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
  let directory = try FileOperation.open(parent.isEmpty ? "/" : parent, O_RDONLY)
  defer { close(directory) }
  do { try FileOperation.synchronize(directory) } catch let error as SystemError {
    guard [EINVAL, ENOTSUP, EBADF].contains(error.code) else { throw error }
  }
}
