import LockstepStorage
import LockstepSupport

/// What was done, for `import.json`.
struct ImportLog {
  let record: ImportRecord
  let kind: String
  let options: ImportOptions
  let notes: [String]
  let result: ImportResult
  /// The most files that are named of those left out.
  private static let mostSkipped = 10_000

  /// One line.
  var json: String {
    var line = JSONLine()
    line.add("format", 1)
    line.add("version", Build.version)
    line.add("source", options.source)
    line.add("kind", kind)
    record.add(to: &line)
    line.add("shape", result.shape.map(String.init).joined(separator: "x"))
    line.add("seed", String(options.seed))
    if let split = options.testSplit { line.add("test_split", split) }
    line.add("train", result.train)
    line.add("test", result.test)
    line.add("notes", notes)
    line.add("skipped", result.skipped.count)
    line.add(
      "skipped_files",
      result.skipped.prefix(Self.mostSkipped).map { file in
        var entry = JSONLine()
        entry.add("file", file.file)
        entry.add("reason", file.reason)
        return entry
      })
    return line.text
  }
}
