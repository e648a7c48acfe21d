import LockstepSupport

/// What people have in place of IDX files, and `lockstep import` reads: pictures in a folder for each class, arrays,
/// tables.
enum ImportableFormat {
  /// Advice where `path` itself is such a file; nil for any other.
  static func advice(forFile path: String) -> String? {
    kind(of: path).map { _ in advice(path) }
  }

  /// What is there of it in `folder`, and the advice; nil for none.
  static func found(in folder: DatasetFolder) -> (what: String, advice: String)? {
    var budget = 64
    guard let what = look(into: folder, depth: 2, budget: &budget) else { return nil }
    return (what, advice(folder.path))
  }

  /// "pictures such as d/cat/1.png"
  private static func look(into folder: DatasetFolder, depth: Int, budget: inout Int) -> String? {
    let names = folder.names.sorted().filter { !$0.hasPrefix(".") }
    if let name = names.first(where: { kind(of: $0) != nil }) {
      return "\(kind(of: name)!) such as \(folder.path(of: name))"
    }
    guard depth > 0 else { return nil }
    for name in names where budget > 0 {
      budget -= 1
      let path = folder.path(of: name)
      guard isDirectory(path), let inner = try? DatasetFolder.list(path) else { continue }
      let below = DatasetFolder(path: path, names: inner)
      if let what = look(into: below, depth: depth - 1, budget: &budget) { return what }
    }
    return nil
  }

  private static func kind(of name: String) -> String? {
    let kinds = [
      "png": "pictures", "jpg": "pictures", "jpeg": "pictures", "npz": "arrays", "npy": "arrays",
      "csv": "tables",
    ]
    return name.split(separator: ".").last.flatMap { kinds[$0.lowercased()] }
  }

  private static func advice(_ path: String) -> String {
    "lockstep import '\(path)' --output DIR makes a dataset of it: then pass DIR with --data"
  }
}
