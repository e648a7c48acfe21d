import LockstepSupport
import PlatformC

extension RunDirectory {
  /// Whether a run directory holds checkpoints of a run that has not finished, or was resumed after it had.
  package static func isUnfinished(at path: String) -> Bool {
    guard !CheckpointDirectory(path: path + "/checkpoints").steps.isEmpty else { return false }
    if access("\(path)/model.safetensors", F_OK) != 0 { return true }
    let log = (try? readFile("\(path)/metrics.jsonl", limit: 1 << 34, kind: .data)) ?? []
    return log.isEmpty ? isModelOlder(at: path) : !MetricsLog.hasEnd(log)
  }

  /// Whether a directory is a run directory.
  package static func isRun(at path: String) -> Bool {
    ["checkpoints", "metrics.jsonl", "config.yaml"].contains { access("\(path)/\($0)", F_OK) == 0 }
  }

  /// Whether the newest checkpoint is newer than the model, which a run writes last.
  private static func isModelOlder(at path: String) -> Bool {
    func time(_ file: String) -> Int {
      var status = stat()
      guard stat(file, &status) == 0 else { return 0 }
      #if canImport(Darwin)
        let time = status.st_mtimespec
      #else
        let time = status.st_mtim
      #endif
      return Int(time.tv_sec) * 1_000_000_000 + Int(time.tv_nsec)
    }
    let checkpoints = CheckpointDirectory(path: path + "/checkpoints")
    return checkpoints.steps.last.map {
      time(checkpoints.file(step: $0)) > time("\(path)/model.safetensors")
    } ?? false
  }
}
