/// `data/mnist`, where `scripts/fetch-mnist` puts MNIST and training looks by default: messages mention the script for
/// this directory only.
enum DefaultDataset {
  /// Whether a path is such a directory, in this checkout or another, or is inside it.
  static func contains(_ path: String) -> Bool {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return zip(parts, parts.dropFirst()).contains { $0 == "data" && $1 == "mnist" }
  }
}

/// Advice for a file that is damaged or not what its name says.
func fetchAgain(_ path: String) -> String {
  DefaultDataset.contains(path)
    ? "Download it again with scripts/fetch-mnist" : "Fetch or write the file again from where it came"
}
