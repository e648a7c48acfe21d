#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

extension Dataset {
  /// The paths of the four files of the dataset in `directory`.
  ///
  /// - Throws: LockstepError (.data) naming the directory, what was looked for and what is there.
  static func discover(in directory: String) throws -> PartTable<String> {
    let names = try list(directory)
    let base = directory.hasSuffix("/") ? directory : directory + "/"
    let chosen = try choose(names, in: directory) { isDirectory(base + $0) }
    return PartTable { base + chosen[$0] }
  }

  /// Picks one name for each part. Names without a prefix come before prefixed ones (EMNIST's
  /// `emnist-letters-`), of which there must be one set only.
  static func choose(
    _ names: [String], in directory: String, isDirectory: (String) -> Bool
  ) throws -> PartTable<String> {
    let candidates = names.compactMap(DatasetFileName.init)
    let prefixes = Set(candidates.map(\.prefix))
    guard prefixes.count <= 1 || prefixes.contains("") else {
      throw LockstepError(
        .data, directory, expected: "the files of one dataset",
        found: "those of several: \(prefixes.sorted().map { $0 + "*" }.joined(separator: ", "))",
        fix: "Move each dataset to a directory of its own")
    }
    let prefix = prefixes.min() ?? ""
    return try PartTable { part in
      let fitting = candidates.filter { $0.part == part && $0.prefix == prefix }
      // Unpackers may leave a directory of the file's name beside the file: it comes last.
      let best = fitting.min {
        (isDirectory($0.name) ? 1 : 0, $0.rank, $0.name) < (isDirectory($1.name) ? 1 : 0, $1.rank, $1.name)
      }
      guard let best else { throw missing(part, prefix: prefix, in: directory, names: names) }
      return best.name
    }
  }

  private static func missing(
    _ part: DatasetPart, prefix: String, in directory: String, names: [String]
  ) -> LockstepError {
    let shown = names.sorted().prefix(12).joined(separator: ", ")
    return LockstepError(
      .data, directory,
      expected: DatasetPart.allCases.map { prefix + $0.canonicalName }.joined(separator: ", ")
        + " (each may end in .gz)",
      found: names.isEmpty
        ? "an empty directory"
        : "no \(part) among \(shown)\(names.count > 12 ? " and \(names.count - 12) more" : "")",
      fix: "Download MNIST with scripts/fetch-mnist, or pass the directory of the files with --data")
  }

  private static func list(_ directory: String) throws -> [String] {
    guard let handle = opendir(directory) else {
      throw LockstepError(
        .data, directory, expected: "a directory with the dataset", found: String(cString: strerror(errno)),
        fix: "Download MNIST with scripts/fetch-mnist, or pass the directory of the files with --data")
    }
    defer { closedir(handle) }
    var names: [String] = []
    while let entry = readdir(handle) {
      let name = withUnsafeBytes(of: &entry.pointee.d_name) {
        String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
      }
      if name != ".", name != ".." { names.append(name) }
    }
    return names
  }

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }
}
