import LockstepSupport

extension DatasetDirectory {
  /// Picks one name for each part that was found. Names without a prefix come before prefixed ones (EMNIST's
  /// `emnist-letters-`), of which there must be only one set, or one that a folder on the way is named after.
  ///
  /// - Throws: LockstepError (.data) if a part that the purpose needs is missing, or one of a pair.
  static func choose(
    _ names: [String], in directory: String, for purpose: Dataset.Purpose, isDirectory: (String) -> Bool
  ) throws -> PartTable<String?> {
    let candidates = names.compactMap(DatasetFileName.init)
    let prefixes = Set(candidates.map(\.prefix))
    let named = directory.split(separator: "/").last { prefixes.contains("\($0)-") }
    guard prefixes.count <= 1 || prefixes.contains("") || named != nil else {
      throw LockstepError(
        .data, directory, expected: "the files of one dataset",
        found: "those of several: \(prefixes.sorted().map { $0 + "*" }.joined(separator: ", "))",
        fix: "Move each dataset to a directory of its own, or of its name (\(prefixes.min()!.dropLast()))")
    }
    let prefix = prefixes.contains("") ? "" : named.map { "\($0)-" } ?? prefixes.first ?? ""
    let chosen = PartTable<String?> { part in
      if !purpose.parts.contains(part) { return nil }
      // Unpackers may leave a directory with the file's name beside the file: it comes last.
      return candidates.filter { $0.part == part && $0.prefix == prefix }.min {
        (isDirectory($0.name) ? 1 : 0, $0.preference, $0.name) < (
          isDirectory($1.name) ? 1 : 0, $1.preference, $1.name
        )
      }?.name
    }
    let hasTest = chosen[.testImages] != nil || chosen[.testLabels] != nil
    let needed: [DatasetPart] =
      (purpose == .evaluation ? [] : [.trainImages, .trainLabels])
      + (purpose == .evaluation || hasTest ? [.testImages, .testLabels] : [])
    if let part = needed.first(where: { chosen[$0] == nil }) {
      throw missing(part, prefix: prefix, in: directory, names: names, for: purpose)
    }
    return chosen
  }

  static func missing(
    _ part: DatasetPart, prefix: String, in directory: String, names: [String], for purpose: Dataset.Purpose
  ) -> LockstepError {
    let shown = names.sorted().prefix(12).joined(separator: ", ")
    return LockstepError(
      .data, directory,
      expected: purpose.parts.map {
        prefix + $0.canonicalName
      }.joined(separator: ", ")
        + " (each may end in .gz)",
      found: names.isEmpty
        ? "an empty directory"
        : "no \(part) among \(shown)\(names.count > 12 ? " and \(names.count - 12) more" : "")",
      fix: wherever(directory))
  }
}
