#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// MNIST as `scripts/fetch-mnist` leaves it, which is what training takes where nothing else is asked for. Only of this
/// directory is the script worth a word.
enum DefaultDataset {
  static let directory = "data/mnist"

  /// Whether a path is this directory, or in it.
  static func contains(_ path: String) -> Bool {
    let relative = path.hasPrefix("./") ? String(path.dropFirst(2)) : path
    return [directory, "\(workingDirectory)/\(directory)"].contains {
      relative == $0 || relative.hasPrefix($0 + "/")
    }
  }

  private static var workingDirectory: String {
    guard let path = getcwd(nil, 0) else { return "." }
    defer { free(path) }
    return String(cString: path)
  }
}

/// What to do about a file that is damaged or not what its name says.
func fetchAgain(_ path: String) -> String {
  DefaultDataset.contains(path)
    ? "Download it again with scripts/fetch-mnist" : "Fetch or write the file again from where it came"
}
