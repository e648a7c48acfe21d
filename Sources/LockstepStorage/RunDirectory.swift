import LockstepData
import LockstepSupport
import LockstepTraining
import PlatformC

/// What a run leaves behind: `config.yaml`, `metrics.jsonl`, `model.safetensors`, `checkpoints/`. Only rank 0 makes
/// one.
public final class RunDirectory {
  public let path: String
  /// Held for the life of the object.
  private let lock: RunLock
  public var checkpoints: CheckpointDirectory { CheckpointDirectory(path: path + "/checkpoints") }

  /// Creates the directory. Throws where it holds a run already, which must not be lost, or where another
  /// process is starting one.
  public convenience init(
    creating path: String, shouldStop: () -> Bool = { false }, tell: (String) -> Void = { _ in }
  ) throws {
    let lock = try RunLock.take(path, shouldStop: shouldStop, tell: tell)
    let checkpoints = CheckpointDirectory(path: path + "/checkpoints")
    let checkpoint = checkpoints.steps.first.map {
      "\(checkpoints.file(step: $0).dropFirst(path.utf8.count + 1))"
    }
    for name in ["metrics.jsonl", "model.safetensors"] + [checkpoint].compactMap({ $0 })
    where access("\(path)/\(name)", F_OK) == 0 {
      throw LockstepError(
        .usage, "--output \(path)", expected: "a new directory", found: "a run (\(name))",
        fix: "Choose another --output, or go on with that run by --resume")
    }
    try self.init(resuming: lock)
  }

  /// A run that goes on, or that has yet to begin, in the directory whose lock this is.
  public init(resuming lock: RunLock) throws {
    (path, self.lock) = (lock.directory, lock)
    lock.keepDirectory()
    try createDirectories(checkpoints.path)
    // What could not be written at the end of hours is told now.
    try checkpoints.requireFiles()
    try checkOutput("\(path)/model.safetensors", option: "--output")
    // Of processes that were killed. Where others are not kept out they may be somebody's.
    if lock.excludesOthers {
      for directory in [path, checkpoints.path] { removeTemporaryFiles(in: directory) }
    }
  }

  /// Makes "runs/NAME-20261120-235959", the default for a run that starts now, and returns its path.
  public static func makeDefault(named name: String) throws -> String {
    var now = time(nil)
    var calendar = tm()
    localtime_r(&now, &calendar)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y%m%d-%H%M%S", &calendar)
    let stamp = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    return try makeUnused("runs/\(name)-\(stamp)")
  }

  /// Makes the directory, or that of the first name with -2, -3 ... after it that nobody has: several runs may start
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

  public func write(_ recipe: Recipe) throws {
    try createDirectories(path)
    try replaceFile("\(path)/config.yaml", with: Array(recipe.yaml().utf8))
  }

  /// Notes where the data is that the run is trained on.
  public func write(_ source: DataSource) throws {
    try createDirectories(checkpoints.path)
    try replaceFile(DataRecord.path(in: checkpoints), with: DataRecord.encode(source))
  }

  public func write(_ model: Model) throws {
    try createDirectories(path)
    try replaceFile("\(path)/model.safetensors", with: model.safetensors().serialized())
  }

  /// `state`: where the run goes on.
  public func openMetrics(
    logEvery: Int, resuming state: TrainingState? = nil, tell: @escaping (String) -> Void = { _ in }
  ) throws -> MetricsLog {
    try MetricsLog(path: "\(path)/metrics.jsonl", logEvery: logEvery, resuming: state, tell: tell)
  }

  /// Writes the checkpoints of a run: one every so many steps besides those of the epochs, of which the newest `keep`
  /// stay.
  public func makeCheckpointWriter(
    every: Int, keep: Int, recipe: Recipe, data: DataSource, metrics: MetricsLog, former: FormerRun?
  ) throws -> CheckpointWriter {
    try CheckpointWriter(
      directory: checkpoints, every: every, keep: keep, safe: former?.checkpointPath,
      damaged: former?.damaged ?? []
    ) { [self] in
      // These may have been deleted with the directory; the lines up to the checkpoint must not be lost before it.
      if access("\(path)/config.yaml", F_OK) != 0 { try write(recipe) }
      if access(DataRecord.path(in: checkpoints), F_OK) != 0 { try write(data) }
      try metrics.synchronize()
    }
  }
}
