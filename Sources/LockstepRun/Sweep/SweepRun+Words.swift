import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport

extension SweepRun {
  /// Says, on rank 0, what is about to happen.
  func announce(
    _ plan: SweepPlan, _ groups: SweepGroups, _ dataset: Dataset, _ record: SweepRecord?,
    _ directory: SweepDirectory, _ team: ThreadTeam
  ) {
    for text in dataset.notes { listener.tell("lockstep: \(oneLine(text))") }
    for text in dataset.warnings(missesTest: false) { listener.warn(oneLine(text)) }
    if plan.equal > 0 {
      listener.tell(
        "lockstep: \(plan.equal) points of the grid are left out: earlier ones are the same recipe, as a key of theirs "
          + "has no effect")
    }
    if plan.hasDefaultSplit {
      listener.tell(
        "lockstep: trials are judged by a tenth of the training samples, which is held back (validation-split "
          + "\(SweepGrid.validationSplit)); the test samples are not read")
    }
    if plan.trials.contains(where: \.recipe.averagesWeights) {
      listener.tell("lockstep: trials with ema are judged by their averaged weights")
    }
    if groups.idle > 0 {
      listener.tell(
        "lockstep: \(groups.idle) of \(groups.count * ranksPerTrial + groups.idle) ranks have nothing to do, because "
          + "\(ranksPerTrial) make up a group")
    }
    let first = plan.trials[0].recipe
    if ranksPerTrial > first.microBatches {
      let idle = ranksPerTrial - first.microBatches
      listener.tell(
        "lockstep: \(idle) ranks of each group have nothing to do, because a batch is cut into "
          + "\(first.microBatches) micro-batches")
    }
    let rungs = plan.rungs > 1 ? ", \(plan.rungs) rungs" : ""
    listener.note(
      "\(dataset.train.count) samples of \(oneLine(dataset.name)), \(plan.trials.count) trials\(rungs), "
        + "\(groups.count) at a time on \(ranksPerTrial) ranks each of \(team.count) "
        + "thread\(team.count == 1 ? "" : "s") (\(InstructionSet.current))")
    if let record {
      listener.note("\(directory.path): going on after \(record.rows.count) rows")
    } else if resumes {
      listener.tell("\(directory.path): there is no sweep to go on with: starting from the beginning")
    }
  }
}
