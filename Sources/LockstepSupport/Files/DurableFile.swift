import PlatformC

/// Replaces a file's content such that a reader, also after a crash, finds either the old bytes or all of the new.
/// What is neither a regular file nor absent is written to instead (`OutputPlace`).
///
/// `option` is the command's by which the user named the file, for advice. Throws `LockstepError` (failure).
public func replaceFile(_ path: String, with bytes: [UInt8], option: String = "--output") throws {
  let file = try DurableFile(path, option: option)
  try file.write(bytes)
  try file.commit()
}

/// Throws, before the work whose result is to go there, what `replaceFile` would for a directory, for a place in a
/// directory that is not there, and for links in a circle.
public func checkOutput(_ path: String, option: String) throws { _ = try OutputPlace(path, option: option) }

extension OutputPlace {
  /// Throws `LockstepError` (failure).
  fileprivate init(_ path: String, option: String) throws {
    func failure(_ expected: String, _ found: String, _ fix: String) -> LockstepError {
      LockstepError(.failure, path, expected: expected, found: found, fix: fix)
    }
    do { try self.init(path) } catch let error as SystemError {
      guard error.code == EISDIR else {
        throw failure("to write the file", "opening it failed: \(error)", error.fix(option: option))
      }
      throw failure("a file", "a directory", "Choose another \(option), or remove it")
    }
    guard case .file(let final) = self else { return }
    guard !final.hasSuffix("/") else {
      throw failure("a file", "the name of a directory", "Leave out the / at the end")
    }
    var status = stat()
    guard let directory = parentDirectory(of: final), stat(directory, &status) != 0, errno == ENOENT else {
      return
    }
    throw failure(
      "to write the file", "there is no directory \(directory)", "Make it, or choose another \(option)")
  }
}

/// A file that takes its place by a rename once it is whole and on disk: a temporary file in the same directory, fsync,
/// rename, fsync of the directory. Dropped before that, it leaves nothing.
///
/// After a failed fsync the temporary file is discarded: the system may have dropped the pages that it could not write,
/// and a second fsync would succeed without them.
package final class DurableFile {
  private let path: String
  private let option: String
  /// The temporary file and the one that it is going to be; nil where the bytes go to their place at once.
  private var names: (temporary: String, final: String)?
  private var descriptor: Int32 = -1
  /// What kind of file takes the bytes at once.
  private var mode: mode_t = S_IFREG
  /// What is going to be replaced; nil where there is nothing yet.
  private var former: stat?

  package init(_ path: String, option: String) throws {
    self.path = path
    self.option = option
    let place = try OutputPlace(path, option: option)
    if case .special(_, let mode) = place { self.mode = mode }
    guard case .file(let final) = place else {
      do { descriptor = try place.open() } catch let error as SystemError {
        throw failure("opening it", error)
      }
      return
    }
    var status = stat()
    if lstat(final, &status) == 0 { former = status }
    let names = (temporary: "\(Self.shortened(final)).tmp-\(getpid())", final: final)
    try told("creating \(names.temporary)") {
      descriptor = try FileOperation.open(names.temporary, O_WRONLY | O_CREAT | O_TRUNC)
    }
    self.names = names
    keepAttributes()
  }

  /// The owner first: a change of it takes away bits of the mode. Only root may give files away.
  private func keepAttributes() {
    guard let former else { return }
    if fchown(descriptor, former.st_uid, former.st_gid) != 0 { _ = fchown(descriptor, ~0, former.st_gid) }
    fchmod(descriptor, former.st_mode & 0o7777)
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if let names { unlink(names.temporary) }
  }

  package func write(_ bytes: [UInt8]) throws {
    try told("writing \(names?.temporary ?? "it")") { try FileOperation.write(bytes, to: descriptor) }
  }

  /// Makes the bytes durable, then the name.
  package func commit() throws {
    guard let names else { return }
    try told("fsync of \(names.temporary)") { try FileOperation.synchronize(descriptor) }
    try told("renaming \(names.temporary)") { try FileOperation.rename(names.temporary, names.final) }
    close(descriptor)
    descriptor = -1
    try told(
      "fsync of the directory", consequence: "The new file is there, but a power failure may undo that"
    ) { try synchronizeDirectory(of: names.final) }
  }

  /// A path whose last part leaves room for more: names have at most 255 bytes.
  private static func shortened(_ path: String) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    var name = path[start...]
    while name.utf8.count > 240 { name.removeLast() }
    return String(path[..<start] + name)
  }

  private func told(_ what: String, consequence: String? = nil, _ body: () throws -> Void) throws {
    do { try body() } catch let error as SystemError {
      let untouched = former == nil ? nil : "The file as it was before is untouched"
      throw failure(what, error, consequence: consequence ?? untouched)
    }
  }

  private func failure(_ what: String, _ error: SystemError, consequence: String? = nil) -> LockstepError {
    var found = "\(what) failed: \(error)"
    if mode == S_IFIFO, error.code == ENXIO {
      found = "nobody who reads from it"
    } else if mode != S_IFREG {
      found = "\(fileKind(of: mode)): \(found)"
    }
    return LockstepError(
      .failure, path, expected: "to write the file", found: found,
      fix: (consequence.map { $0 + ". " } ?? "") + error.fix(option: option))
  }
}
