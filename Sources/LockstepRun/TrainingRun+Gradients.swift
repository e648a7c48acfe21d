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

extension TrainingRun {
  /// Warns that a training has ended, by its patience, before the steps that were to be traced.
  func warnOfUntracedSteps(of trainer: Trainer, _ collective: any Collective) {
    guard collective.rank == 0, let steps = trainer.tracedSteps, steps.lowerBound <= trainer.totalSteps,
      trainer.state.step < steps.lowerBound
    else { return }
    listener.warn(
      "--trace-gradients: the training ended after step \(trainer.state.step), before those to be traced")
  }
}
