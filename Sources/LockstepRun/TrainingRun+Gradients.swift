import LockstepRanks
import LockstepTraining

extension TrainingRun {
  /// Has the trainer, which stands where this start begins, report digests of the steps that are asked for. On all
  /// ranks.
  func traceSteps(of trainer: Trainer, _ collective: any Collective) {
    guard let steps = tracedSteps?.steps(after: trainer.state.step) else { return }
    trainer.tracedSteps = steps
    let (next, last) = (trainer.state.step + 1, trainer.totalSteps)
    guard collective.rank == 0, steps.upperBound < next || steps.lowerBound > last else { return }
    listener.warn(
      "--trace-gradients: "
        + (last < next
          ? "no step is left" : "this start takes steps \(next) to \(last), none of those to be traced"))
  }
}
