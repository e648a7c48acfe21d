import LockstepSupport

/// Where the files of a dataset are: in the requested directory, one or two folders below it, as torchvision leaves
/// them (`MNIST/raw`), or in sibling folders that make up one dataset (`train` and `test`).
package struct DatasetDirectory {
  /// The directory of the files, or of the folders with them.
  let path: String
  let paths: PartTable<String?>
  /// A note on a folder that was used though nobody named it.
  let note: String?

  /// The name of a file that `import` leaves while it gives its files their names.
  package static let unfinishedImport = "import.unfinished"

  /// - Throws: LockstepError (.data) with the directory, the files looked for and those found.
  init(finding directory: String, for purpose: Dataset.Purpose) throws {
    let here = DatasetFolder(path: directory, names: try DatasetFolder.list(directory))
    let (below, forbidden) = here.isDataset && here.parts.isWhole(for: purpose) ? ([], nil) : here.below()
    if here.isDataset {
      let folders = [here] + below
      // Evaluation uses the test files that training would use, and selection its training files.
      let joined =
        DatasetFolder.join(folders, in: directory, for: .training)?.restricted(to: purpose)
        ?? DatasetFolder.join(folders, in: directory, for: purpose)
      if let joined {
        (path, paths, note) = (joined.path, joined.paths, joined.note)
        return
      }
      let neighbour = here.complement(for: purpose)
      (path, note) = (directory, neighbour)
      do {
        paths = try here.choose(for: purpose)
      } catch let error as LockstepError {
        let whole = below.filter { (try? $0.choose(for: purpose)) != nil }
        throw error.mentioning(whole.map(\.path), neighbour)
      }
      return
    }
    // Prefers folders with all files; else those that suffice (to train without test files).
    let usable = below.filter { (try? $0.choose(for: purpose)) != nil }
    let joined = DatasetFolder.joined(below, in: directory, for: purpose)
    let complete = usable.filter { $0.parts.isWhole(for: purpose) }
    let whole = complete.count + joined.count > 0 ? complete : usable
    guard whole.count + joined.count <= 1 else {
      throw LockstepError(
        .data, directory, expected: "the files of one dataset",
        found: "those of several, in "
          + (whole.map(\.path) + joined.map(\.path)).sorted().prefix(12).joined(separator: ", "),
        fix: "Name one of these with --data")
    }
    if let joined = joined.first {
      (path, paths, note) = (joined.path, joined.paths, joined.note)
    } else if let folder = whole.first {
      (path, paths) = (folder.path, try folder.choose(for: purpose))
      let others = below.filter { $0.path != folder.path && $0.parts.isDisjoint(with: folder.parts) }
      note =
        "the dataset is taken from \(folder.path)"
        + (others.isEmpty || folder.parts.isWhole(for: purpose)
          ? "" : ", without what others hold: \(others.map(\.contents).joined(separator: "; "))")
    } else {
      throw Self.nothingWhole(below, forbidden, in: here, for: purpose)
    }
  }

  private static func nothingWhole(
    _ below: [DatasetFolder], _ forbidden: LockstepError?, in here: DatasetFolder,
    for purpose: Dataset.Purpose
  ) -> any Error {
    if let forbidden { return forbidden }
    if below.count > 1 {
      return LockstepError(
        .data, here.path, expected: "the files of one dataset",
        found: "parts: \(below.prefix(6).map(\.contents).joined(separator: "; "))",
        fix: "Put the files of one dataset into one directory, or into folders named train and test")
    }
    if let only = below.first {
      do { _ = try only.choose(for: purpose) } catch { return error }
    }
    var error = missing(
      purpose == .evaluation ? .testImages : .trainImages, prefix: "", in: here.path, names: here.names,
      for: purpose)
    if let other = ImportableFormat.found(in: here) { (error.found, error.fix) = (other.what, other.advice) }
    return error
  }

  /// Advice for missing files.
  static func wherever(_ directory: String) -> String {
    NamedDataset.holding(directory).map {
      "\(NamedDataset.howToGet($0)); or pass the directory of the files with --data"
    } ?? "Put the files there, or pass their directory with --data or $LOCKSTEP_DATA"
  }
}

extension LockstepError {
  /// The same error with advice on folders below that hold a whole dataset.
  fileprivate func mentioning(_ folders: [String], _ neighbour: String?) -> LockstepError {
    var error = self
    if let neighbour { error.fix = "Note that \(neighbour)" }
    guard !folders.isEmpty else { return error }
    error.fix = "A whole dataset is in \(folders.prefix(3).joined(separator: ", ")): pass that with --data"
    return error
  }
}
