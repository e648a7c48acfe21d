import LockstepSupport

extension DatasetFolder {
  /// Folders that each hold different parts of one dataset.
  struct Joined {
    /// Their common directory.
    let path: String
    let folders: [String]
    let paths: PartTable<String?>
    func restricted(to purpose: Dataset.Purpose) -> Joined {
      Joined(
        path: path, folders: folders, paths: PartTable { purpose.parts.contains($0) ? paths[$0] : nil })
    }

    var note: String { "the dataset is taken from \(folders.joined(separator: " and "))" }
  }

  /// All folders as one dataset; if they are not, the datasets that the folders of each directory make up.
  static func joined(
    _ folders: [DatasetFolder], in directory: String, for purpose: Dataset.Purpose
  ) -> [Joined] {
    if let all = join(folders, in: directory, for: purpose) { return [all] }
    let groups = Dictionary(grouping: folders) { parent(of: $0, in: directory) }
    return groups.keys.sorted().compactMap { join(groups[$0]!, in: $0, for: purpose) }
  }

  /// nil if they are not parts of one dataset: if one of them is whole, two hold the same part, or their names do not
  /// say that they are parts, so that they may belong to different datasets.
  static func join(
    _ folders: [DatasetFolder], in directory: String, for purpose: Dataset.Purpose
  ) -> Joined? {
    let names = folders.flatMap(\.names).filter { DatasetFileName($0) != nil }
    let parts = folders.reduce(into: Set<DatasetPart>()) { $0.formUnion($1.parts) }
    guard folders.count > 1, folders.reduce(0, { $0 + $1.parts.count }) == parts.count,
      !folders.contains(where: { $0.parts.isWhole(for: purpose) }),
      folders.allSatisfy({ $0.path == directory || $0.isNamedAsPart }),
      Set(names.compactMap { DatasetFileName($0)?.prefix }).count == 1
    else { return nil }
    var places: [String: String] = [:]
    for folder in folders { for name in folder.names { places[name] = folder.path(of: name) } }
    let chosen = try? DatasetDirectory.choose(names, in: directory, for: purpose) { isDirectory(places[$0]!) }
    guard let chosen else { return nil }
    let used = folders.filter { !$0.parts.isDisjoint(with: purpose.parts) }
    return Joined(
      path: directory, folders: used.map(\.path),
      paths: PartTable { part in chosen[part].flatMap { places[$0] } })
  }

  /// A note if a sibling folder holds what is missing here: "the test images and test labels are in d/test: pass d with
  /// --data".
  func complement(for purpose: Dataset.Purpose) -> String? {
    guard isNamedAsPart, !parts.isWhole(for: purpose) else { return nil }
    let up = Self.parent(of: path)
    let names = ((try? Self.list(up)) ?? []).filter { DatasetFolder(path: $0, names: []).isNamedAsPart }
    let others = DatasetFolder(path: up, names: names).below().found.filter {
      $0.parts.isDisjoint(with: parts)
    }
    guard
      let other = others.first(where: {
        Self.join([self, $0], in: up, for: purpose) != nil || purpose == .evaluation
      })
    else { return nil }
    return "\(other.contents): pass \(up) with --data"
  }

  /// "train", "test_set", "MNIST-images"
  private var isNamedAsPart: Bool {
    let name = path.split(separator: "/").last.map { $0.lowercased() } ?? ""
    return ["train", "test", "t10k", "eval", "val", "image", "label"].contains { name.contains($0) }
  }

  /// `directory` itself, or the folder in it that contains this one.
  private static func parent(of folder: DatasetFolder, in directory: String) -> String {
    guard let slash = folder.path.lastIndex(of: "/") else { return directory }
    let parent = String(folder.path[..<slash])
    return parent.count > directory.count ? parent : directory
  }
}
