import LockstepStorage
import LockstepSupport
import PlatformC

/// The folder of the dataset that is made.
struct OutputFolder {
  let path: String

  /// - Throws: LockstepError: usage where the folder holds files that `import` did not make, or is part of the source,
  ///   which the next import would read.
  init(_ path: String, source: String) throws {
    self.path = path
    let (own, sources) = (realPath(path), realPath(source))
    guard own != sources, !own.hasPrefix(sources + "/") else {
      throw LockstepError(
        .usage, "--output \(path)", expected: "a folder outside of \(source), which is read",
        found: own == sources ? "the same" : "one inside it", fix: "Choose another --output")
    }
    let names = fileNames(in: path).filter { !$0.hasPrefix(".") && !$0.contains(".tmp-") }
    guard !names.isEmpty, !names.contains(ImportRecord.fileName) else { return }
    throw LockstepError(
      .usage, "--output \(path)", expected: "a new or empty folder, or one that import made",
      found: names.sorted().prefix(6).joined(separator: ", "), fix: "Choose another --output")
  }

  func create() throws {
    try createDirectories(path)
    removeTemporaryFiles(in: path)
  }

  /// Gives all files their names, and removes those of a former import. The record comes last; until then one that
  /// nobody can read has its place, so that a folder with files of two imports is never taken for a dataset.
  func finish(_ writers: [DatasetWriter], _ log: ImportLog) throws {
    let names = writers.flatMap(\.fileNames)
    let record = "\(path)/\(ImportRecord.fileName)"
    try replaceFile(record, with: Array(ImportRecord.unfinished.utf8))
    for writer in writers { try writer.commit() }
    for name in fileNames(in: path) where Self.isDataset(name) && !names.contains(name) {
      try? FileOperation.remove("\(path)/\(name)")
    }
    try replaceFile(
      "\(path)/classes.txt", with: Array(log.record.classes.map { oneLine($0) + "\n" }.joined().utf8))
    try replaceFile(record, with: Array((log.json + "\n").utf8))
  }

  /// Whether a file of this name is part of a dataset that `import` makes.
  private static func isDataset(_ name: String) -> Bool {
    ["train-", "t10k-"].contains { name.hasPrefix($0) } && name.contains("-idx")
  }
}
