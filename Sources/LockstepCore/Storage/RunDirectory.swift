#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a run leaves behind: `config.yaml`, `metrics.jsonl`, `model.safetensors`, `checkpoints/`. Only rank 0 makes one.
public final class RunDirectory {
  public let path: String
  /// Held for the life of the object.
  private let lock: RunLock
  public var checkpoints: CheckpointDirectory { CheckpointDirectory(path: path + "/checkpoints") }

  /// Creates the directory. Throws where it holds a run already, which must not be lost, or where another
  /// process is starting one.
  public init(creating path: String) throws {
    self.path = path
    try createDirectories(path)
    lock = try RunLock(directory: path)
    let checkpoint = checkpoints.steps.first.map {
      "\(checkpoints.file(step: $0).dropFirst(path.utf8.count + 1))"
    }
    for name in ["metrics.jsonl", "model.safetensors"] + [checkpoint].compactMap({ $0 })
    where access("\(path)/\(name)", F_OK) == 0 {
      throw LockstepError(
        .usage, "--output \(path)", expected: "a new directory", found: "a run (\(name))",
        fix: "Choose another --output, or go on with that run by --resume")
    }
    try prepare()
  }

  /// A run that goes on, or that has yet to begin. Throws where another process is at work on it.
  public init(resuming path: String) throws {
    self.path = path
    try createDirectories(path)
    lock = try RunLock(directory: path)
    try prepare()
  }

  /// Makes the directories, and removes what a killed run may have left half written.
  private func prepare() throws {
    try createDirectories(checkpoints.path)
    for directory in [path, checkpoints.path] { removeTemporaryFiles(in: directory) }
  }

  /// "runs/mlp-20261120-235959": the default for a run that starts now.
  public static func defaultPath(for recipe: Recipe) -> String {
    var now = time(nil)
    var calendar = tm()
    localtime_r(&now, &calendar)
    var text = [CChar](repeating: 0, count: 32)
    strftime(&text, text.count, "%Y%m%d-%H%M%S", &calendar)
    let stamp = String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    let base = "runs/\(recipe.model.rawValue)-\(stamp)"
    // Two runs may start within a second.
    return (1...).lazy.map { $0 == 1 ? base : "\(base)-\($0)" }.first { access($0, F_OK) != 0 }!
  }

  public func write(_ recipe: Recipe) throws {
    try createDirectories(path)
    try replaceFile("\(path)/config.yaml", with: Array(recipe.yaml().utf8))
  }

  public func write(_ model: Model) throws {
    try createDirectories(path)
    try replaceFile("\(path)/model.safetensors", with: model.safetensors().serialized())
  }

  /// `state`: where the run goes on.
  public func openMetrics(logEvery: Int, resuming state: TrainingState? = nil) throws -> MetricsLog {
    try MetricsLog(path: "\(path)/metrics.jsonl", logEvery: logEvery, resuming: state)
  }

  /// Writes the checkpoints of a run: one every so many steps besides those of the epochs, of which the newest `keep` stay.
  public func makeCheckpointWriter(
    every: Int, keep: Int, recipe: Recipe, metrics: MetricsLog, safe: String?
  ) throws -> CheckpointWriter {
    try CheckpointWriter(directory: checkpoints, every: every, keep: keep, safe: safe) { [self] in
      // The recipe may have been deleted with the directory; the lines up to the checkpoint must not be lost before it.
      if access("\(path)/config.yaml", F_OK) != 0 { try write(recipe) }
      try metrics.synchronize()
    }
  }
}
