import LockstepRanks
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
}
