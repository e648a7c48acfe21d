#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// Where the files of a dataset are: in the directory that was asked for, or one or two folders below it, as torchvision
/// leaves them (`MNIST/raw`).
struct DatasetDirectory {
  /// The directory that the files are in.
  let path: String
  let paths: PartTable<String?>
  /// Tells of a folder that nobody has named.
  let note: String?

  /// - Throws: LockstepError (.data) naming the directory, what was looked for and what is there.
  init(finding directory: String, for purpose: Dataset.Purpose) throws {
    let names = try Self.list(directory)
    guard !names.contains(where: { DatasetFileName($0) != nil }) else {
      (path, note) = (directory, nil)
      do {
        paths = try Self.paths(of: names, in: directory, for: purpose)
      } catch let error as LockstepError {
        let whole = Self.folders(below: directory, for: purpose).filter { (try? $0.paths.get()) != nil }
        throw error.mentioning(whole.map(\.path))
      }
      return
    }
    let folders = Self.folders(below: directory, for: purpose)
    guard folders.count <= 1 else {
      throw LockstepError(
        .data, directory, expected: "the files of one dataset",
        found: "those of several, in \(folders.map(\.path).prefix(12).joined(separator: ", "))",
        fix: "Name one of these with --data")
    }
    guard let folder = folders.first else {
      throw Self.missing(
        purpose == .training ? .trainImages : .testImages, prefix: "", in: directory, names: names)
    }
    (path, paths) = (folder.path, try folder.paths.get())
    note = "the dataset is taken from \(folder.path)"
  }

  private typealias Folder = (path: String, paths: Result<PartTable<String?>, any Error>)

  private static func paths(
    of names: [String], in directory: String, for purpose: Dataset.Purpose
  ) throws -> PartTable<String?> {
    let base = directory.hasSuffix("/") ? directory : directory + "/"
    let chosen = try choose(names, in: directory, for: purpose) { isDirectory(base + $0) }
    return PartTable { part in chosen[part].map { base + $0 } }
  }

  /// The folders one or two levels down with files of a dataset, sorted, only those that have all
  /// that are needed where any has; each once, whatever links lead to it.
  private static func folders(below directory: String, for purpose: Dataset.Purpose) -> [Folder] {
    /// More are not looked into: whoever names the root of a disk means something else.
    var budget = 1000
    var seen: Set<[UInt64]> = []
    var found: [Folder] = []
    func look(below directory: String, depth: Int) {
      for name in ((try? list(directory)) ?? []).sorted() where !name.hasPrefix(".") && budget > 0 {
        let path = directory.hasSuffix("/") ? directory + name : "\(directory)/\(name)"
        var status = stat()
        budget -= 1
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
          seen.insert([UInt64(truncatingIfNeeded: status.st_dev), UInt64(status.st_ino)]).inserted
        else { continue }
        let names = (try? list(path)) ?? []
        if names.contains(where: { DatasetFileName($0) != nil }) {
          found.append((path, Result { try paths(of: names, in: path, for: purpose) }))
        } else if depth > 1 {
          look(below: path, depth: depth - 1)
        }
      }
    }
    look(below: directory, depth: 2)
    let whole = found.filter { (try? $0.paths.get()) != nil }
    return whole.isEmpty ? found : whole
  }

  private static func list(_ directory: String) throws -> [String] {
    let (stream, reason) = Activity.duringFileAccess(.readingFile) {
      let stream = opendir(directory)
      return (stream, errno)
    }
    guard let stream else {
      throw LockstepError(
        .data, directory, expected: "a directory with the dataset", found: String(cString: strerror(reason)),
        fix: wherever(directory))
    }
    defer { closedir(stream) }
    var names: [String] = []
    while let entry = readdir(stream) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  /// What to do where files are missing.
  static func wherever(_ directory: String) -> String {
    DefaultDataset.contains(directory)
      ? "Download MNIST with scripts/fetch-mnist, or pass the directory of the files with --data"
      : "Put the files there, or pass their directory with --data or $LOCKSTEP_DATA"
  }
}

extension LockstepError {
  /// The same, with folders below in which all is well.
  fileprivate func mentioning(_ folders: [String]) -> LockstepError {
    guard !folders.isEmpty else { return self }
    var error = self
    error.fix = "A whole dataset is in \(folders.prefix(3).joined(separator: ", ")): pass that with --data"
    return error
  }
}
