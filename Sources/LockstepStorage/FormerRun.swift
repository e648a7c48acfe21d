import LockstepData
import LockstepRanks
import LockstepSupport
import LockstepTraining
import PlatformC

/// The run in a run directory, to be resumed or evaluated, as far as there is one.
package struct FormerRun: Sendable {
  /// The newest usable checkpoint.
  package var checkpoint: Checkpoint?
  package var checkpointPath: String?
  /// The steps of newer checkpoints that are damaged.
  package var damaged: [Int] = []
  /// The run's latest recipe.
  package var recipe: Recipe?
  /// The data it was trained on.
  package var data: DataSource?

  /// Reads `path` on rank 0, which must hold the run's lock. Collective: all ranks get the result or throw the error of
  /// rank 0.
  ///
  /// `config.yaml` and `metrics.jsonl` may be lost or damaged if there is a checkpoint, which has all that is needed.
  /// `tell` is called on rank 0 with warnings. Throws `LockstepError` (data) if there are checkpoints but none
  /// verifies: starting over would remove them, which may not be intended.
  package init(at path: String, collective: any Collective, tell: (String) -> Void) throws {
    try self.init(
      checkpointAt: path, collective: collective,
      fix: "Restore one; or remove them to start from the beginning, or choose another --output", tell: tell)
    try collective.together { [checkpoint] in
      guard collective.rank == 0, checkpoint == nil, access("\(path)/model.safetensors", F_OK) == 0 else {
        return
      }
      throw LockstepError(
        .usage, "--output \(path)", expected: "checkpoints to go on from",
        found: "a finished run without any (model.safetensors)",
        fix: "Choose another --output, or move the model away to start from the beginning")
    }
    let config = try collective.together { [checkpoint] in
      collective.rank == 0 ? try Self.config("\(path)/config.yaml", isNeeded: checkpoint == nil) : []
    }
    recipe = try Self.recipe(
      try collective.broadcast(config, from: 0), of: checkpoint, "\(path)/config.yaml", collective,
      collective.rank == 0 ? tell : { _ in })
  }

  /// As above, without the latest recipe. `fix` is the advice if no checkpoint verifies.
  package init(
    checkpointAt path: String, collective: any Collective, fix: String, tell: (String) -> Void
  ) throws {
    try self.init(dataOf: path, collective: collective)
    let checkpoints = CheckpointDirectory(path: path + "/checkpoints")
    if let newest = try checkpoints.newest(collective: collective, fix: fix, tell: tell) {
      (checkpoint, checkpointPath, damaged) = (newest.checkpoint, newest.path, newest.damaged)
    }
  }

  /// Reads only where the run's data is. Collective.
  package init(dataOf path: String, collective: any Collective) throws {
    let checkpoints = CheckpointDirectory(path: path + "/checkpoints")
    let source = collective.rank == 0 ? Self.data(at: path, checkpoints) : nil
    data = DataRecord.decode(try collective.broadcast(source.map(DataRecord.text) ?? [], from: 0))
  }

  /// Empty if there is none, or if it is unreadable but not needed.
  private static func config(_ path: String, isNeeded: Bool) throws -> [UInt8] {
    do { return try readFile(path, limit: 1 << 14, kind: .data) } catch {
      if isNeeded, access(path, F_OK) == 0 { throw error }
      return []
    }
  }

  /// The recipe of `config.yaml`, or the checkpoint's if that file is lost or damaged.
  private static func recipe(
    _ config: [UInt8], of checkpoint: Checkpoint?, _ path: String, _ collective: any Collective,
    _ tell: (String) -> Void
  ) throws -> Recipe? {
    let read = Result {
      var recipe = Recipe()
      try recipe.apply(yaml: config, path: path)
      return recipe
    }
    guard let checkpoint else {
      // Without a checkpoint there is no other source.
      return config.isEmpty ? nil : try collective.together { try read.get() }
    }
    // It is written with all keys that have an effect: if some are missing, the rest may mean another training.
    let lines = String(decoding: config, as: UTF8.self).split(separator: "\n")
    if let recipe = try? read.get(),
      recipe.effectiveKeys.allSatisfy({ key in lines.contains { $0.hasPrefix("\(key.name):") } })
    {
      return recipe
    }
    tell("\(path) is lost or damaged: the recipe is the checkpoint's, and is written anew")
    return checkpoint.recipe
  }

  /// From the run's note; a run of an earlier version has it in its metrics only.
  private static func data(at path: String, _ checkpoints: CheckpointDirectory) -> DataSource? {
    let note = try? readFile(DataRecord.path(in: checkpoints), limit: 1 << 14, kind: .data)
    if let source = note.flatMap(DataRecord.decode) { return source }
    guard let log = try? readFile("\(path)/metrics.jsonl", limit: 1 << 34, kind: .failure) else { return nil }
    return MetricsLog.dataset(ofLog: log).map(DataRecord.source(named:))
  }
}

extension CheckpointDirectory {
  /// The newest checkpoint that verifies, read by rank 0 for all ranks; on rank 0 also the steps of newer ones that are
  /// damaged. Collective.
  ///
  /// `tell` is called on rank 0 for each newer one that does not verify, with the reason. Throws `LockstepError` (data)
  /// if there are some but none does.
  package func newest(collective: any Collective, fix: String, tell: (String) -> Void) throws
    -> (checkpoint: Checkpoint, path: String, damaged: [Int])?
  {
    let found = try collective.together { () -> Newest? in
      guard collective.rank == 0 else { return nil }
      let found = try newest()
      for reason in found.skipped { tell("skipped \(reason)") }
      if found.file == nil, !found.skipped.isEmpty {
        throw LockstepError(
          .data, self.path, expected: "a checkpoint to go on from",
          found: found.skipped.count == 1
            ? "one that cannot be read" : "\(found.skipped.count) that cannot be read",
          fix: fix)
      }
      return found
    }
    let path = try collective.broadcast(found?.file?.path ?? "", from: 0)
    guard !path.isEmpty else { return nil }
    let bytes = try collective.broadcast(found?.file?.bytes ?? [], from: 0)
    return try collective.together {
      (try Checkpoint(bytes: bytes, path: path), path, found?.damaged ?? [])
    }
  }
}
