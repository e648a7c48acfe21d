import LockstepNetwork
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

extension VerificationRun {
  /// The model: its weights, what else decides what it computes, and its figures; and that of the averaged weights, if
  /// the run has them. Collective.
  func checkModel(_ replay: Replay, _ trainer: Trainer, _ collective: any Collective) throws {
    let receipt = replay.receipt
    let weights = receipt.weights.hexadecimal
    let model = try read("model.safetensors", weights: weights, trainer, collective)
    try collective.together {
      let ends = receipt.epochs.filter { $0.step == receipt.step || replay.keepsBest }
      // Steps after the last epoch are a part of their own.
      if let last = receipt.epochs.last, last.step == receipt.step,
        !ends.contains(where: { $0.weights == receipt.weights })
      {
        try require(
          "weights \(weights)", "weights \(last.weights.hexadecimal) of epoch \(last.epoch)",
          "model.safetensors")
      }
    }
    let (test, validation, training) = try trainer.judge(model.parameters)
    let averaged = try trainer.averagedParameters.map { _ in
      let recorded = receipt.averagedWeights?.hexadecimal ?? "none"
      let average = try read(RunDirectory.averageName, weights: recorded, trainer, collective).parameters
      let (test, validation, training) = try trainer.judge(average)
      return AveragedEvaluation(
        test: test, validation: validation, training: training, digest: average.digest)
    }
    try collective.together {
      guard collective.rank == 0 else { return }
      let figures = RecordedFigures.of(test, validation, training, averaged)
      try replay.compare(figures, recorded: receipt.figures)
      try listener.result(
        "model.safetensors: weights \(weights), \(RecordedFigures.list(receipt.figures)), as recorded")
      if let averaged {
        try listener.result(
          "\(RunDirectory.averageName): weights \(averaged.digest.hexadecimal), as recorded")
      }
    }
  }

  /// A model of the run, which must be of its network and normalization, and have these weights. Collective.
  private func read(
    _ name: String, weights: String, _ trainer: Trainer, _ collective: any Collective
  ) throws -> Model {
    let file = "\(path)/\(name)"
    let own = try collective.together {
      collective.rank == 0 ? try readFile(file, limit: 1 << 36, kind: .data) : []
    }
    let bytes = try collective.broadcast(own, from: 0)
    return try collective.together {
      let model = try Model(bytes: bytes, path: file)
      let expected = try trainer.model(of: trainer.parameters)
      func text(_ model: Model) -> String {
        let layers = LayerSpecification.text(of: model.network.specification)
        let targets = model.regression.map { ", targets of \($0.loss) scaled by \($0.scaling.text)" } ?? ""
        return
          "\(layers) on \(model.network.inputShape) of \(model.element), normalized by \(model.normalization)"
          + targets
      }
      try require(text(model), text(expected), name)
      try require("weights \(model.parameters.digest.hexadecimal)", "weights \(weights)", name)
      return model
    }
  }

  private func require(_ found: String, _ expected: String, _ name: String) throws {
    guard found != expected else { return }
    throw LockstepError(
      .failure, "\(path)/\(name)", expected: "\(expected), by the receipt", found: found,
      fix: "This is not the model that the receipt is of")
  }
}
