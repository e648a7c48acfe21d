import CKernels
import LockstepCore

/// Takes a backward pass's weight gradients as one rank does: written, or applied where there is an update.
final class GradientCollector: WeightGradientSink {
  let sum: GradientSum
  private let update: kernel_update?
  private let team: ThreadTeam
  private var waiting: [WeightGradientJob] = []
  /// Layers, by their number in the plan, whose gradient cannot be summed.
  private(set) var failures: Set<Int> = []
  /// Every job's layer, in the order in which they came.
  private(set) var order: [Int] = []

  init(_ sum: GradientSum, applying update: kernel_update? = nil, team: ThreadTeam) {
    (self.sum, self.update, self.team) = (sum, update, team)
  }

  func add(_ job: WeightGradientJob) {
    order.append(job.layer)
    waiting.append(job)
    if !job.canWait { run([waiting.removeLast()]) }
  }

  func finish() {
    run(waiting)
    waiting = []
  }

  private func run(_ jobs: [WeightGradientJob]) {
    failures.formUnion(
      WeightGradientJob.sum(jobs, team: team) { sum.slice(at: $0.parameters.lowerBound, applying: update) })
  }
}
