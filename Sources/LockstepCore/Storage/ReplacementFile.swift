#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Replaces a file's content such that a reader, also after a crash, finds either the old bytes or all of the new. What is
/// neither a regular file nor absent is written to instead (`OutputPlace`).
///
/// `option` is the command's by which the user named the file, for advice. Throws `LockstepError` (failure).
public func replaceFile(_ path: String, with bytes: [UInt8], option: String = "--output") throws {
  let file = try ReplacementFile(path, option: option)
  try file.write(bytes)
  try file.commit()
}

/// A file that takes its place by a rename once it is whole and on disk: a temporary file in the same directory, fsync,
/// rename, fsync of the directory. Dropped before that, it leaves nothing.
///
/// After a failed fsync the temporary file is discarded: the system may have dropped the pages that it could not write,
/// and a second fsync would succeed without them.
final class ReplacementFile {
  private let path: String
  private let option: String
  /// The temporary file and the one that it is going to be; nil where the bytes go to their place at once.
  private var names: (temporary: String, final: String)?
  private var descriptor: Int32 = -1

  init(_ path: String, option: String) throws {
    self.path = path
    self.option = option
    do {
      let place = try OutputPlace(path)
      if case .file(let final) = place {
        let names = (temporary: "\(Self.shortened(final)).tmp-\(getpid())", final: final)
        try told("creating \(names.temporary)") {
          descriptor = try FileOperation.open(names.temporary, O_WRONLY | O_CREAT | O_TRUNC)
        }
        self.names = names
      } else {
        descriptor = try place.open()
      }
    } catch let error as SystemError {
      throw failure("opening it", error)
    }
  }

  deinit {
    guard descriptor >= 0 else { return }
    close(descriptor)
    if let names { unlink(names.temporary) }
  }

  func write(_ bytes: [UInt8]) throws {
    try told("writing \(names?.temporary ?? "it")") { try FileOperation.write(bytes, to: descriptor) }
  }

  /// Makes the bytes durable, then the name.
  func commit() throws {
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

  private func told(
    _ what: String, consequence: String = "The file as it was before is untouched", _ body: () throws -> Void
  ) throws {
    do { try body() } catch let error as SystemError {
      throw failure(what, error, consequence: names == nil && descriptor >= 0 ? nil : consequence)
    }
  }

  private func failure(_ what: String, _ error: SystemError, consequence: String? = nil) -> LockstepError {
    let found = error.code == ENXIO ? "nobody who reads from it" : "\(what) failed: \(error)"
    return LockstepError(
      .failure, path, expected: "to write the file", found: found,
      fix: (consequence.map { $0 + ". " } ?? "") + error.fix(option: option))
  }
}
