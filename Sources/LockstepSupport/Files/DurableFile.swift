import PlatformC

/// Replaces a file's content so that a reader finds either the old bytes or all of the new, even after a crash.
/// Devices, FIFOs and open descriptors are written to instead (`OutputPlace`).
///
/// `option` is the flag that named the file, for the advice in errors. Throws `LockstepError` (failure).
public func replaceFile(_ path: String, with bytes: [UInt8], option: String = "--output") throws {
  let file = try DurableFile(path, option: option)
  try file.write(bytes)
  try file.commit()
}

/// Checks an output before the work that produces it: throws what `replaceFile` would for a directory, a missing parent
/// directory, or circular links.
package func checkOutput(_ path: String, option: String) throws { _ = try OutputPlace(path, option: option) }

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

/// A file that is renamed into place once it is complete and on disk: a temporary file in the same directory, fsync,
/// rename, fsync of the directory. If it is dropped before `commit`, nothing is left behind.
///
/// After a failed fsync the temporary file is discarded: the system may have dropped the unwritten pages, and a second
/// fsync would succeed without them.
package final class DurableFile {
  private let path: String
  private let option: String
  /// The temporary file and its final name; nil if the bytes are written in place.
  private var names: (temporary: String, final: String)?
  private var descriptor: Int32 = -1
  /// The kind of a file that is written in place.
  private var mode: mode_t = S_IFREG
  /// The file to be replaced; nil if there is none.
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
    try reporting("creating \(names.temporary)") {
      descriptor = try FileOperation.open(names.temporary, O_WRONLY | O_CREAT | O_TRUNC)
    }
    self.names = names
    keepAttributes()
  }

  /// The owner first, because changing it clears mode bits. Only root may give files away.
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
    try reporting("writing \(names?.temporary ?? "it")") { try FileOperation.write(bytes, to: descriptor) }
  }

  /// Replaces bytes that were written before, such as a header that counts what follows. For regular files only.
  package func overwrite(_ bytes: [UInt8], at offset: Int) throws {
    try reporting("writing \(names?.temporary ?? "it")") {
      try FileOperation.overwrite(bytes, at: offset, of: descriptor)
    }
  }

  /// Makes the bytes durable, then the name.
  package func commit() throws {
    guard let names else { return }
    try reporting("fsync of \(names.temporary)") { try FileOperation.synchronize(descriptor) }
    try reporting("renaming \(names.temporary)") { try FileOperation.rename(names.temporary, names.final) }
    close(descriptor)
    descriptor = -1
    try reporting(
      "fsync of the directory", consequence: "The new file is there, but a power failure may undo that"
    ) { try synchronizeDirectory(of: names.final) }
  }

  /// The path with its last component cut to leave room for a suffix: names have at most 255 bytes.
  private static func shortened(_ path: String) -> String {
    let start = path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex
    var name = path[start...]
    while name.utf8.count > 240 { name.removeLast() }
    return String(path[..<start] + name)
  }

  private func reporting(_ what: String, consequence: String? = nil, _ body: () throws -> Void) throws {
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
