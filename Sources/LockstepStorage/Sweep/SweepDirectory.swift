import LockstepSupport
import LockstepTraining
import PlatformC

/// A sweep's output: `sweep.jsonl`, and `trials/NUMBER/` with the recipe and the metrics of each trial. Only rank 0 has
/// one.
package final class SweepDirectory {
  package let path: String
  /// Held for the life of the object.
  private let lock: RunLock
  private let file: Int32
  /// The digits of the largest trial's number.
  private let digits: Int

  /// `length`: the bytes of `sweep.jsonl` that stay; `head`: its first line where that is 0. Throws `LockstepError`
  /// (failure) for a directory that cannot be written to.
  package init(_ lock: RunLock, keeping length: Int, head: String, trials: Int) throws {
    (path, self.lock, digits) = (lock.directory, lock, "\(trials)".count)
    lock.keepDirectory()
    try createDirectories(path + "/trials")
    let path = "\(path)/\(SweepRecord.fileName)"
    file = try Self.reporting(path) {
      try FileOperation.open(path, O_WRONLY | O_CREAT | O_APPEND)
    }
    try Self.reporting(path) { try FileOperation.truncate(file, to: length) }
    if length == 0 { try append([head]) }
  }

  deinit { close(file) }

  /// Throws `LockstepError` (usage) for a directory that holds a sweep or a run already.
  package static func requireNew(_ path: String) throws {
    for name in [SweepRecord.fileName, "metrics.jsonl", "model.safetensors"]
    where access("\(path)/\(name)", F_OK) == 0 {
      let isSweep = name == SweepRecord.fileName
      throw LockstepError(
        .usage, "--output \(path)", expected: "a new directory",
        found: "\(isSweep ? "a sweep" : "a run") (\(name))",
        fix: "Choose another --output" + (isSweep ? ", or go on with that sweep by --resume" : ""))
    }
  }

  /// The bytes of a `sweep.jsonl`; none where there is no file.
  package static func read(_ path: String) throws -> [UInt8] {
    access(path, F_OK) == 0 ? try readFile(path, limit: 1 << 34, kind: .data) : []
  }

  /// Makes lines durable.
  package func append(_ lines: [String]) throws {
    try Self.reporting("\(path)/\(SweepRecord.fileName)") {
      try FileOperation.write(Array(lines.map { $0 + "\n" }.joined().utf8), to: file)
      try FileOperation.synchronize(file)
    }
  }

  /// Writes what `lockstep curves` and a training of its own need of a trial.
  package func write(_ trial: SweepTrial, metrics: [UInt8]) throws {
    let directory = path(ofTrial: trial.number)
    try createDirectories(directory)
    try replaceFile("\(directory)/config.yaml", with: Array(trial.recipe.yaml().utf8))
    try replaceFile("\(directory)/metrics.jsonl", with: metrics)
  }

  /// The directory of a trial, by its number.
  package func path(ofTrial number: Int) -> String {
    let text = "\(number)"
    return "\(path)/trials/" + String(repeating: "0", count: digits - text.count) + text
  }

  private static func reporting<T>(_ path: String, _ body: () throws -> T) throws -> T {
    do { return try body() } catch let error as SystemError {
      throw LockstepError(
        .failure, path, expected: "to write the rows", found: error.description,
        fix: "The rows so far are safe: \(error.fix(option: "--output")). Then go on with --resume")
    }
  }
}
