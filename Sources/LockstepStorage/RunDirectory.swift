import LockstepData
import LockstepSupport
import LockstepTraining
import PlatformC

/// A run's output: `config.yaml`, `metrics.jsonl`, `model.safetensors`, `ema.safetensors` if weights are averaged,
/// `checkpoints/`. Only rank 0 creates one.
package final class RunDirectory {
  package let path: String
  /// Held for the life of the object.
  private let lock: RunLock
  package var checkpoints: CheckpointDirectory { CheckpointDirectory(path: path + "/checkpoints") }

  /// Creates the directory. Throws if it already holds a run, which must not be lost, or another process is starting
  /// one.
  package convenience init(
    creating path: String, shouldStop: () -> Bool = { false }, tell: (String) -> Void = { _ in }
  ) throws {
    let lock = try RunLock.take(path, shouldStop: shouldStop, tell: tell)
    let checkpoints = CheckpointDirectory(path: path + "/checkpoints")
    let checkpoint = checkpoints.steps.first.map {
      "\(checkpoints.file(step: $0).dropFirst(path.utf8.count + 1))"
    }
    for name in ["metrics.jsonl", "model.safetensors", Self.averageName] + [checkpoint].compactMap({ $0 })
    where access("\(path)/\(name)", F_OK) == 0 {
      throw LockstepError(
        .usage, "--output \(path)", expected: "a new directory", found: "a run (\(name))",
        fix: "Choose another --output, or go on with that run by --resume")
    }
    try self.init(resuming: lock)
  }

  /// For a run that resumes or starts in the directory whose lock this is.
  package init(resuming lock: RunLock) throws {
    (path, self.lock) = (lock.directory, lock)
    lock.keepDirectory()
    try createDirectories(checkpoints.path)
    // Reports now what would otherwise fail after hours.
    try checkpoints.requireFiles()
    try checkOutput("\(path)/model.safetensors", option: "--output")
    // Leftovers of killed processes; without a lock they may belong to a running one.
    if lock.excludesOthers {
      for directory in [path, checkpoints.path] { removeTemporaryFiles(in: directory) }
    }
  }

  /// Creates "runs/NAME-20261120-235959", the default for a run that starts now, and returns its path.
  package static func makeDefault(named name: String) throws -> String {
    var now = time(nil)
    var calendar = tm()
    localtime_r(&now, &calendar)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y%m%d-%H%M%S", &calendar)
    let stamp = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return try makeUnused("runs/\(name)-\(stamp)")
  }

  /// Creates the directory, or if it exists, the first free name with the suffix -2, -3, ...: several runs may start
  /// within a second.
  package static func makeUnused(_ base: String) throws -> String {
    if let slash = base.lastIndex(of: "/") { try createDirectories(String(base[..<slash])) }
    var number = 1
    while true {
      let path = number == 1 ? base : "\(base)-\(number)"
      do {
        try FileOperation.makeDirectory(path)
        return path
      } catch let error as SystemError {
        guard error.code == EEXIST else {
          throw LockstepError(
            .failure, path, expected: "to create the directory", found: error.description,
            fix: error.fix(option: "--output"))
        }
        number += 1
      }
    }
  }

  package func write(_ recipe: Recipe) throws {
    try createDirectories(path)
    try replaceFile("\(path)/config.yaml", with: Array(recipe.yaml().utf8))
  }

  /// Stores where the run's data is.
  package func write(_ source: DataSource) throws {
    try createDirectories(checkpoints.path)
    try replaceFile(DataRecord.path(in: checkpoints), with: DataRecord.encode(source))
  }

  /// Whether the checkpoints of all epochs are kept: if that is asked for now, or was before.
  package func keepsEpochs(_ isAskedFor: Bool) throws -> Bool {
    let mark = "\(checkpoints.path)/keep-epochs"
    if isAskedFor { try replaceFile(mark, with: []) }
    return isAskedFor || access(mark, F_OK) == 0
  }

  package func removeReceipt() throws {
    let path = "\(path)/\(Receipt.fileName)"
    do { try FileOperation.remove(path) } catch let error as SystemError {
      guard error.code != ENOENT else { return }
      throw LockstepError(.failure, path, expected: "to remove the file", found: error.description)
    }
  }

  /// Stores what others can check of the run. Nothing is written where the log lacks what it needs.
  package func writeReceipt(_ recipe: Recipe, _ dataset: Dataset) throws {
    guard
      let receipt = try Receipt(
        of: RunHistory(directory: path, hasSteps: false), recipe: recipe, dataset: dataset)
    else {
      return
    }
    try replaceFile("\(path)/\(Receipt.fileName)", with: receipt.json)
  }

  package func write(_ model: Model) throws {
    try createDirectories(path)
    try model.write(to: "\(path)/model.safetensors")
  }

  /// The model of the averaged weights, in the run directory.
  package static let averageName = "ema.safetensors"

  package func write(average model: Model) throws {
    try createDirectories(path)
    try model.write(to: "\(path)/\(Self.averageName)")
  }

  /// As when a run begins, for the file of the averaged weights.
  package func requireRoomForAverage() throws {
    try checkOutput("\(path)/\(Self.averageName)", option: "--output")
  }

  /// `state`: the state from which the run resumes.
  package func openMetrics(
    logEvery: Int, resuming state: TrainingState? = nil, tell: @escaping (String) -> Void = { _ in }
  ) throws -> MetricsLog {
    try MetricsLog(path: "\(path)/metrics.jsonl", logEvery: logEvery, resuming: state, tell: tell)
  }

  /// The digests of traced steps; `state` as for the metrics.
  package func openGradients(resuming state: TrainingState?, tell: @escaping (String) -> Void) throws
    -> GradientsLog
  {
    try GradientsLog(path: "\(path)/\(GradientsLog.fileName)", resuming: state, tell: tell)
  }

  /// The writer of the run's checkpoints: one every `every` steps besides those of the epochs, of which the newest
  /// `keep` are kept, and with `keepsEpochs` those of the epochs.
  package func makeCheckpointWriter(
    every: Int, keep: Int, keepsEpochs: Bool, recipe: Recipe, data: DataSource?, metrics: MetricsLog,
    former: FormerRun?
  ) throws -> CheckpointWriter {
    try CheckpointWriter(
      directory: checkpoints, every: every, keep: keep, keepsEpochs: keepsEpochs,
      safe: former?.checkpointPath,
      damaged: former?.damaged ?? []
    ) { [self] in
      // These files may have been deleted with the directory. The metrics up to the checkpoint must be on disk before
      // it.
      if access("\(path)/config.yaml", F_OK) != 0 { try write(recipe) }
      if let data, access(DataRecord.path(in: checkpoints), F_OK) != 0 { try write(data) }
      try metrics.synchronize()
    }
  }
}
