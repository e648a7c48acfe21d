import LockstepRanks
import LockstepStorage
import LockstepTraining

extension TrainingRun {
  /// Sets the weights to those of the recipe's `init`, which rank 0 reads for all. Collective.
  func initialize(_ trainer: Trainer, _ recipe: Recipe, _ collective: any Collective) throws {
    let path = recipe.initialWeights
    guard !path.isEmpty else { return }
    let own = try collective.together { collective.rank == 0 ? try InitialWeights.read(path) : [] }
    let bytes = try collective.broadcast(own, from: 0)
    let (weights, fit) = try collective.together {
      let weights = try InitialWeights(bytes: bytes, path: path)
      return (weights, try weights.fit(to: trainer.network))
    }
    try trainer.initialize(fit.tensors)
    guard collective.rank == 0 else { return }
    listener.note(
      "initial weights: \(fit.tensors.count) of \(trainer.network.savedTensors.count) tensors from \(path)"
        + (fit.renamed.isEmpty ? "" : " (\(Self.list(fit.renamed)))"))
    if !fit.missing.isEmpty {
      listener.warn("--init \(path): drawn anew, as it does not fit: \(Self.list(fit.missing))")
    }
    if !fit.unused.isEmpty {
      listener.warn("--init \(path): not used: \(Self.list(fit.unused))")
    }
    if let other = weights.normalization, other != trainer.normalization {
      listener.warn(
        "--init \(path): trained on samples normalized by \(other), here they are by \(trainer.normalization): "
          + "--normalize \(other) keeps that")
    }
  }

  private static func list(_ texts: [String]) -> String {
    texts.prefix(6).joined(separator: "; ") + (texts.count > 6 ? " and \(texts.count - 6) more" : "")
  }
}
