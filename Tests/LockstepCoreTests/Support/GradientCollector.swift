import CKernels
import LockstepCore

/// Receives a backward pass's weight gradients as a single rank does: stores them, or applies them if there is an
/// update.
final class GradientCollector: WeightGradientSink {
  let sum: GradientSum
  private let update: kernel_update?
  private let team: ThreadTeam
  private var deferred: [WeightGradientJob] = []
  /// Layers, by their number in the plan, whose gradient cannot be summed.
  private(set) var failures: Set<Int> = []
  /// Every job's layer, in order.
  private(set) var order: [Int] = []

  init(_ sum: GradientSum, applying update: kernel_update? = nil, team: ThreadTeam) {
    (self.sum, self.update, self.team) = (sum, update, team)
  }

  func add(_ job: WeightGradientJob) {
    order.append(job.layer)
    deferred.append(job)
    if !job.canDefer { run([deferred.removeLast()]) }
  }

  func finish() {
    run(deferred)
    deferred = []
  }

  private func run(_ jobs: [WeightGradientJob]) {
    failures.formUnion(
      WeightGradientJob.sum(jobs, team: team) {
        sum.slice(
          at: $0.parameters.lowerBound, microBatch: $0.microBatches.first, applying: update)
      })
  }
}
