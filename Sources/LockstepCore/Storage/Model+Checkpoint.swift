#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

extension Model {
  /// What a checkpoint's weights make on a dataset, from which sizes and an `auto` normalization come as in training.
  ///
  /// Throws `LockstepError` (data) where they do not fit each other.
  public init(_ checkpoint: Checkpoint, path: String, dataset: Dataset, team: ThreadTeam) throws {
    let recipe = checkpoint.recipe
    guard recipe.normalize != .auto || dataset.checksum == checkpoint.datasetDigest else {
      throw LockstepError(
        .data, dataset.name,
        expected: "the run's dataset, of digest \(checkpoint.datasetDigest.hexadecimal): it decides the "
          + "normalization of a run that is not finished",
        found: "one of digest \(dataset.checksum.hexadecimal)",
        fix: "Give that one by --data, or go on with the run to its end")
    }
    let network = try Network(
      inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.classes)
    let parameters = Parameters(network)
    for tensor in network.tensors {
      let found = checkpoint.tensors.first { $0.name == tensor.name }
      guard let found, found.shape == tensor.shape else {
        throw LockstepError(
          .data, path,
          expected: "tensor \(tensor.name) of shape \(tensor.shape), as \(dataset.name) would have it",
          found: found.map { "shape \($0.shape)" } ?? "none", fix: "Give the run's dataset by --data")
      }
      parameters.set(tensor, to: found.values)
    }
    try self.init(
      parameters: parameters, normalization: recipe.normalize.resolved(for: dataset.train.images, team: team))
  }
}

extension RunDirectory {
  /// Whether a run directory holds checkpoints of a run that has not come to its end, or has gone on after it.
  public static func isUnfinished(at path: String) -> Bool {
    guard !CheckpointDirectory(path: path + "/checkpoints").steps.isEmpty else { return false }
    if access("\(path)/model.safetensors", F_OK) != 0 { return true }
    let log = (try? readFile("\(path)/metrics.jsonl", limit: 1 << 34, kind: .data)) ?? []
    return log.isEmpty ? isModelOlder(at: path) : !MetricsLog.hasEnd(log)
  }

  /// Whether a directory is that of a run.
  public static func isRun(at path: String) -> Bool {
    ["checkpoints", "metrics.jsonl", "config.yaml"].contains { access("\(path)/\($0)", F_OK) == 0 }
  }

  /// Whether the newest checkpoint was written after the model: a run writes that last.
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
