import CKernels

/// The weight gradients of a step on this rank, and what became of them so far.
final class StepGradients {
  let step: Int
  let update: kernel_update
  /// Jobs that wait for the backward pass to end: all of them are one job of the team then.
  private var waiting: [WeightGradientJob] = []
  private(set) var failures = GradientFailures()

  init(step: Int = 0, update: kernel_update = kernel_update()) {
    (self.step, self.update) = (step, update)
  }

  func add(
    _ job: WeightGradientJob, team: ThreadTeam, into gradient: (WeightGradientJob) -> GradientSlice
  ) {
    waiting.append(job)
    if !job.canWait {
      failures.add(WeightGradientJob.sum([waiting.removeLast()], team: team, into: gradient))
    }
  }

  /// Sums the jobs that waited. Returns this rank's part of the step's metrics.
  func finish(
    _ metrics: StepMetrics, team: ThreadTeam, into gradient: (WeightGradientJob) -> GradientSlice
  ) -> StepMetrics {
    failures.add(WeightGradientJob.sum(waiting, team: team, into: gradient))
    failures.isLossNaN = metrics.loss.isNaN
    var metrics = metrics
    metrics.failures = failures.isEmpty ? 0 : 1
    return metrics
  }

  /// Names the layers of jobs that were not to be summed by this rank alone.
  func fail(_ layers: [Int]) { failures.add(layers) }
}

/// The layers whose gradient this rank could not sum in a step, by their number in the plan: NaN, or too large.
struct GradientFailures {
  private(set) var layers: Set<Int> = []
  /// The fast reduction looks at no gradient; a loss that is no number tells as much.
  var isLossNaN = false
  var isEmpty: Bool { layers.isEmpty && !isLossNaN }

  mutating func add(_ layers: [Int]) { self.layers.formUnion(layers) }

  /// Ends the step on all ranks with the error of the first that failed. Collective.
  func refuse(step: Int, _ settings: ReplicaSettings, limit: Float) throws {
    try settings.collective.together {
      guard !isEmpty else { return }
      let layer = layers.min().map { settings.plan.units[$0].name } ?? "loss"
      throw LockstepError(
        .failure, "step \(step), \(layer)", expected: "gradients of at most \(limit) in magnitude",
        found: "a larger one or NaN: training has diverged",
        fix: "Lower --lr, normalise the data with --normalize auto, or use --warmup-steps")
    }
  }
}
