import LockstepData
import LockstepStorage
import LockstepSupport
import PlatformC

/// The folder of the dataset that is made.
struct OutputFolder {
  let path: String
  /// Whether an earlier import has made a dataset there, which this one replaces.
  let hasDataset: Bool

  /// - Throws: LockstepError: usage where the folder holds files that `import` did not make, or lies in the source.
  init(_ path: String, source: String) throws {
    self.path = path
    let names = fileNames(in: path).filter { !$0.hasPrefix(".") && !$0.contains(".tmp-") }
    hasDataset = names.contains(ImportRecord.fileName)
    if let steps = Self.steps(from: path, upTo: source) {
      throw LockstepError(
        .usage, "--output \(path)", expected: "a folder outside of \(source), which is read",
        found: steps == 0 ? "the same" : "one inside it", fix: "Choose another --output")
    }
    let own = [ImportRecord.fileName, DatasetDirectory.unfinishedImport]
    guard !names.isEmpty, Set(names).isDisjoint(with: own) else { return }
    throw LockstepError(
      .usage, "--output \(path)", expected: "a new or empty folder, or one that import made",
      found: names.sorted().prefix(6).joined(separator: ", "), fix: "Choose another --output")
  }

  func create() throws {
    try createDirectories(path)
    removeTemporaryFiles(in: path)
  }

  /// How many folders above `path` the folder `source` is; nil if it is none of them. Asks the system, since `path` may
  /// go through links, and need not exist.
  private static func steps(from path: String, upTo source: String) -> Int? {
    guard isDirectory(source), let end = FileIdentity(of: source) else { return nil }
    var (place, steps) = (path, 0)
    while !isDirectory(place) {
      guard let parent = parentDirectory(of: place) else {
        place = place.hasPrefix("/") ? "/" : "."
        steps += 1
        break
      }
      (place, steps) = (parent, steps + 1)
    }
    var last: FileIdentity?
    while let identity = FileIdentity(of: place), identity != last {
      if identity == end { return steps }
      (last, place, steps) = (identity, place + "/..", steps + 1)
    }
    return nil
  }

  /// Gives all files their names, and removes those of a former import. Meanwhile a mark says so, because a folder with
  /// files of two imports must not be taken for a dataset.
  func finish(_ writers: [DatasetWriter], _ log: ImportLog) throws {
    let names = writers.flatMap(\.fileNames)
    let mark = "\(path)/\(DatasetDirectory.unfinishedImport)"
    for writer in writers { try writer.complete() }
    try replaceFile(mark, with: [])
    for writer in writers { try writer.commit() }
    for name in fileNames(in: path) where Self.isDataset(name) && !names.contains(name) {
      try? FileOperation.remove("\(path)/\(name)")
    }
    try replaceFile(
      "\(path)/classes.txt", with: Array(log.record.classes.map { oneLine($0) + "\n" }.joined().utf8))
    try replaceFile("\(path)/\(ImportRecord.fileName)", with: Array((log.json + "\n").utf8))
    do { try FileOperation.remove(mark) } catch {
      throw LockstepError(.failure, mark, expected: "to remove the file", found: "\(error)", fix: "Remove it")
    }
  }

  /// Whether a file of this name is part of a dataset that `import` makes.
  private static func isDataset(_ name: String) -> Bool {
    ["train-", "t10k-"].contains { name.hasPrefix($0) } && name.contains("-idx")
  }
}
