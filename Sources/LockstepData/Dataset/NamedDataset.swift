import LockstepSupport

/// The datasets that `--data` and `$LOCKSTEP_DATA` take by name. `scripts/fetch-data NAME` downloads each to
/// `data/NAME`.
package enum NamedDataset {
  package static let names =
    ["mnist", "fashion-mnist", "kmnist", "qmnist"]
    + ["balanced", "byclass", "bymerge", "digits", "letters", "mnist"].map { "emnist-\($0)" }

  /// Where a dataset is looked for, the first place first: where the script puts it, beside `other` (the value of
  /// `$LOCKSTEP_DATA`), and where distributions put it.
  package static func places(of name: String, beside other: String? = nil) -> [String] {
    let parent = other.map { DatasetFolder.parent(of: $0) }
    return ["data"].map { "\($0)/\(name)" }
      + (parent.map { [$0 == "/" ? "/\(name)" : "\($0)/\(name)"] } ?? [])
      + ["/usr/local/share/datasets/\(name)", "/usr/share/datasets/\(name)"]
  }

  /// The directory that `name` stands for: one of that name where the program was started, else the first of the places
  /// that exists; the name itself where there is none, or it is no dataset's.
  package static func directory(
    of name: String, beside other: String? = nil, isDirectory: (String) -> Bool
  ) -> String {
    guard names.contains(name), !isDirectory(name) else { return name }
    return places(of: name, beside: other).first(where: isDirectory) ?? name
  }

  /// The dataset whose directory `data/NAME` a path is or is inside, in this checkout or another.
  static func holding(_ path: String) -> String? {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return zip(parts, parts.dropFirst()).first { $0 == "data" && names.contains(String($1)) }.map {
      String($1)
    }
  }

  /// How to get one that is in none of its places.
  static func howToGet(_ name: String) -> String {
    "scripts/fetch-data \(name) downloads it"
      + (name == "fashion-mnist" ? "; on Debian, so does apt-get install dataset-fashion-mnist" : "")
  }

  /// The error of a name, given as a directory, of which there is no directory; nil for one that is no dataset's, nor
  /// nearly.
  static func missing(_ given: String) -> LockstepError? {
    guard !given.contains("/") else { return nil }
    guard names.contains(given) else {
      return suggestedName(for: given, among: names).map {
        LockstepError(
          .data, given, expected: "a directory with the dataset, or a dataset's name (\(list))",
          found: "no such directory", fix: "Did you mean \($0)?")
      }
    }
    return LockstepError(
      .data, given,
      expected: "a directory of that name, or \(places(of: given).joined(separator: ", "))",
      found: "none of them", fix: howToGet(given))
  }

  private static var list: String { names.joined(separator: ", ") }
}

/// Advice for a file that is damaged or not what its name says.
func fetchAgain(_ path: String) -> String {
  NamedDataset.holding(path).map { "Download it again with scripts/fetch-data \($0)" }
    ?? "Fetch or write the file again from where it came"
}
