import LockstepData
import LockstepNetwork
import LockstepSupport

extension Trainer {
  /// Throws for a dataset that was loaded for evaluation.
  static func requireTrainingSamples(_ dataset: Dataset) throws {
    guard dataset.train.count == 0 else { return }
    throw LockstepError(
      .data, dataset.name, expected: "training samples", found: "none", fix: "Load the dataset for training")
  }

  /// What the sum of a global batch's losses is divided by: its samples, or the sum of their classes' weights, which
  /// each rank adds in the order of the batch.
  func divisor(of shard: Shard, in order: EpochOrder) -> Double {
    guard let classWeights else { return Double(shard.globalCount) }
    let (start, mixup) = (state.stepOfEpoch * sampler.batchSize, recipe.mixup(epoch: state.epoch, order))
    func weight(_ sample: Int) -> Double { Double(classWeights[Int(dataset.train.labels[sample])]) }
    let sum = (start..<start + shard.globalCount).reduce(0.0) { sum, entry in
      let sample = order[entry]
      guard let (other, part) = mixup?.partner(of: sample) else { return sum + weight(sample) }
      return sum + (1 - Double(part)) * weight(sample) + Double(part) * weight(other)
    }
    // Samples without weight have no loss to divide.
    return sum > 0 ? sum : 1
  }

  /// Evaluates these weights on the validation samples; nil if there are none. Collective.
  func validate(_ parameters: Parameters) throws -> Evaluation? {
    try validationIndices.map { try evaluator.evaluate(parameters, on: dataset.train, indices: $0) }
  }

  /// Checks that training and evaluation have read the data that was loaded, before results are kept. Collective.
  func requireSameData() throws {
    guard dataset.isMapped else { return }
    try collective.together { try dataset.requireUnchanged() }
  }
}
