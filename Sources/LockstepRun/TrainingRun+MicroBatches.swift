import LockstepNetwork
import LockstepRanks
import LockstepSupport
import LockstepTraining

extension TrainingRun {
  /// Warns that with more ranks than micro-batches some ranks are idle.
  func warnOfIdleRanks(_ recipe: Recipe, _ collective: any Collective) {
    guard collective.rank == 0, collective.size > recipe.microBatches else { return }
    listener.tell(
      "lockstep: \(collective.size - recipe.microBatches) of \(collective.size) ranks have nothing to do, because a "
        + "batch is cut into \(recipe.microBatches) micro-batches. Raise --micro-batches (which changes the bits)"
    )
  }

  /// Warns of averaged weights that a training is too short for.
  func warnOfSlowAverage(_ recipe: Recipe, _ trainer: Trainer, _ collective: any Collective) {
    let steps = 1 / (1 - recipe.ema)
    guard collective.rank == 0, recipe.averagesWeights, steps > Double(trainer.totalSteps) else { return }
    listener.warn(
      "--ema \(recipe.ema) averages over about \(fixed(steps, 0)) steps, and this training has "
        + "\(trainer.totalSteps): the average stays near the first step's weights. Lower --ema")
  }

  /// Warns of statistics over few samples.
  func warnOfSmallMicroBatches(_ recipe: Recipe, _ network: Network, _ collective: any Collective) {
    let samples = recipe.batchSize / recipe.microBatches
    guard collective.rank == 0, !network.stateTensors.isEmpty, samples < 16 else { return }
    listener.warn(
      "a micro-batch, of which layers take means, has \(samples) \(samples == 1 ? "sample" : "samples"): those of "
        + "fewer than 16 are rough. Lower --micro-batches, \(recipe.microBatches), or raise --batch-size, "
        + "\(recipe.batchSize)")
  }
}
