import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

extension Trainer {
  /// Sets the trainer to a recorded run's checkpoint, whose bytes rank 0 has, and returns it. Collective.
  ///
  /// Throws `AgreedError` (data) for a checkpoint of another training.
  func restore(
    _ own: [UInt8], path: String, _ recipe: Recipe, _ dataset: Dataset, _ collective: any Collective
  ) throws -> Checkpoint {
    let bytes = try collective.broadcast(own, from: 0)
    let checkpoint = try collective.together {
      let checkpoint = try Checkpoint(bytes: bytes, path: path)
      do {
        try checkpoint.check(recipe, dataset, path: path)
        try check(checkpoint, path: path)
      } catch var error as LockstepError {
        error.fix = "The checkpoint is not of the run that the receipt is of, or one of them was changed"
        throw error
      }
      return checkpoint
    }
    try restore(checkpoint)
    return checkpoint
  }
}
