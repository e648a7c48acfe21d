/// MNIST as `scripts/fetch-mnist` leaves it, which is what training takes where nothing else is asked for. Only of this
/// directory is the script worth a word.
enum DefaultDataset {
  /// Whether a path is such a directory, of this checkout or of another, or in it.
  static func contains(_ path: String) -> Bool {
    let parts = path.split(separator: "/").filter { $0 != "." }
    return zip(parts, parts.dropFirst()).contains { $0 == "data" && $1 == "mnist" }
  }
}

/// What to do about a file that is damaged or not what its name says.
func fetchAgain(_ path: String) -> String {
  DefaultDataset.contains(path)
    ? "Download it again with scripts/fetch-mnist" : "Fetch or write the file again from where it came"
}
