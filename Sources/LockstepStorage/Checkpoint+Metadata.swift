import LockstepSupport
import LockstepTraining

/// A checkpoint's metadata. Doubles are stored as the hexadecimal digits of their bits, so that they are restored
/// exactly.
extension Checkpoint {
  private static let version = "1"

  package func metadata() throws -> [String: String] {
    let (total, convergence) = (state.total, state.convergence)
    var metadata = [
      "lockstep.checkpoint.version": Self.version,
      "lockstep.contract": String(contract),
      "lockstep.convergence.best_epoch": String(convergence.bestEpoch),
      "lockstep.convergence.best_loss": convergence.bestLoss.bitPattern.hexadecimal,
      "lockstep.convergence.last_train_loss": convergence.lastTrainLoss.bitPattern.hexadecimal,
      "lockstep.convergence.overfitting_told": String(convergence.isOverfittingReported),
      "lockstep.convergence.rises": String(convergence.risesInARow),
      "lockstep.dataset": datasetDigest.hexadecimal,
      "lockstep.epoch": String(state.epoch),
      "lockstep.epoch.count": String(total.count),
      "lockstep.epoch.hits": String(total.hits),
      "lockstep.epoch.loss_sum": total.lossSum.bitPattern.hexadecimal,
      "lockstep.epoch.step": String(state.stepOfEpoch),
      "lockstep.recipe": try recipe.yaml(),
      "lockstep.seed": String(recipe.seed),
      "lockstep.step": String(state.step),
    ]
    if total.clamped > 0 { metadata["lockstep.epoch.clamped"] = String(total.clamped) }
    return metadata
  }

  /// Throws `LockstepError` (data) naming the path and the key that is missing or malformed.
  package init(metadata: [String: String], tensors: [Safetensors.Tensor], path: String) throws {
    func value<T>(_ key: String, _ read: (String) -> T?) throws -> T {
      guard let text = metadata["lockstep." + key], let value = read(text) else {
        throw LockstepError(
          .data, path, expected: "a value of lockstep.\(key)",
          found: metadata["lockstep." + key].map { "'\($0)'" } ?? "none",
          fix: "This version of Lockstep cannot go on from it")
      }
      return value
    }
    func count(_ key: String) throws -> Int {
      try value(key) { Int($0).flatMap { 0...1 << 40 ~= $0 ? $0 : nil } }
    }
    func bits(_ key: String) throws -> UInt64 { try value(key) { UInt64($0, radix: 16) } }
    func number(_ key: String) throws -> Double { Double(bitPattern: try bits(key)) }

    _ = try value("checkpoint.version") { $0 == Self.version ? $0 : nil }
    let yaml = try value("recipe") { Array($0.utf8) }
    var recipe = Recipe()
    try recipe.apply(yaml: yaml, path: path)
    var state = TrainingState(patience: recipe.patience)
    (state.step, state.epoch, state.stepOfEpoch) = (
      try count("step"), try count("epoch"), try count("epoch.step")
    )
    state.total.lossSum = try number("epoch.loss_sum")
    (state.total.hits, state.total.count) = (try count("epoch.hits"), try count("epoch.count"))
    if metadata["lockstep.epoch.clamped"] != nil { state.total.clamped = try count("epoch.clamped") }
    state.convergence.bestEpoch = try count("convergence.best_epoch")
    state.convergence.bestLoss = try number("convergence.best_loss")
    state.convergence.lastTrainLoss = try number("convergence.last_train_loss")
    state.convergence.risesInARow = try count("convergence.rises")
    state.convergence.isOverfittingReported = try value("convergence.overfitting_told") { Bool($0) }
    self.init(state: state, recipe: recipe, datasetDigest: try bits("dataset"), tensors: tensors)
    // The first ones did not say it.
    contract = metadata["lockstep.contract"] == nil ? 1 : try count("contract")
  }
}
