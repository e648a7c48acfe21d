import LockstepSupport
import PlatformC

/// A directory and the names in it.
package struct DatasetFolder {
  let path: String
  let names: [String]
  /// The parts of a dataset that have a file here.
  let parts: Set<DatasetPart>

  init(path: String, names: [String]) {
    (self.path, self.names) = (path, names)
    parts = Set(names.compactMap { DatasetFileName($0)?.part })
  }

  var isDataset: Bool { !parts.isEmpty }

  /// "the test images and test labels are in d/test"
  var contents: String {
    let held = DatasetPart.allCases.filter(parts.contains).map(\.description).joined(separator: " and ")
    return "the \(held) are in \(path)"
  }

  func path(of name: String) -> String { path.hasSuffix("/") ? path + name : "\(path)/\(name)" }

  func choose(for purpose: Dataset.Purpose) throws -> PartTable<String?> {
    guard !names.contains(DatasetDirectory.unfinishedImport) else {
      throw LockstepError(
        .data, path, expected: "the files of one dataset", found: "those of an import that was interrupted",
        fix: "Import it again")
    }
    let chosen = try DatasetDirectory.choose(names, in: path, for: purpose) { isDirectory(path(of: $0)) }
    return PartTable { part in chosen[part].map(path(of:)) }
  }

  /// The folders one or two levels down with files of a dataset, sorted, each once whatever links lead to it; and the
  /// error of the first that may not be read.
  func below() -> (found: [DatasetFolder], forbidden: LockstepError?) {
    /// The most entries to visit: somebody may name the root of a disk.
    var budget = 1000
    var seen: Set<FileIdentity> = []
    var found: [DatasetFolder] = []
    var forbidden: LockstepError?
    func look(into folder: DatasetFolder, depth: Int) {
      for name in folder.names.sorted() where !name.hasPrefix(".") && budget > 0 {
        let path = folder.path(of: name)
        var status = stat()
        budget -= 1
        guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR,
          seen.insert(FileIdentity(status)).inserted
        else { continue }
        do {
          let next = DatasetFolder(path: path, names: try Self.list(path))
          if next.isDataset { found.append(next) } else if depth > 1 { look(into: next, depth: depth - 1) }
        } catch {
          forbidden = forbidden ?? error as? LockstepError
        }
      }
    }
    look(into: self, depth: 2)
    return (found, forbidden)
  }

  /// - Throws: LockstepError naming the directory, or `--data` if it is empty.
  static func list(_ directory: String) throws -> [String] {
    let (stream, reason) = Activity.duringFileAccess(.readingFile) {
      let stream = opendir(directory)
      return (stream, errno)
    }
    guard let stream else { throw unreadable(directory, reason: reason) }
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

  /// The error of a directory that cannot be listed for the reason `errno`, with fitting advice.
  package static func unreadable(_ directory: String, reason: Int32) -> LockstepError {
    if directory.isEmpty { return noName }
    if reason == ENOENT, let error = NamedDataset.missing(directory) { return error }
    let fix =
      switch reason {
      case EACCES, EPERM: "Make it readable for this user, with all the directories that it is in"
      case ENOTDIR where ImportableFormat.advice(forFile: directory) != nil:
        ImportableFormat.advice(forFile: directory)!
      case ENOTDIR:
        isDirectory(parent(of: directory))
          ? "Give the directory that the file is in: '\(parent(of: directory))'"
          : "Give the directory that the files are in"
      case EMFILE, ENFILE: SystemError.fixOfDescriptors
      default: DatasetDirectory.wherever(directory)
      }
    return LockstepError(
      .data, directory, expected: "a directory with the dataset", found: String(cString: strerror(reason)),
      fix: fix)
  }

  /// The error of `--data ''`.
  static var noName: LockstepError {
    LockstepError(
      .usage, "--data", expected: "a directory with the dataset", found: "''",
      fix: "Name the directory, or leave --data out")
  }

  static func parent(of path: String) -> String {
    let parts = path.split(separator: "/")
    let parent = parts.dropLast().joined(separator: "/")
    return path.hasPrefix("/") ? "/" + parent : parent.isEmpty ? "." : parent
  }
}

extension Set<DatasetPart> {
  /// Whether all parts are there, test files too, which training can do without.
  func isWhole(for purpose: Dataset.Purpose) -> Bool { isSuperset(of: purpose.parts) }
}
