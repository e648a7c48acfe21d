import CKernels
import LockstepNetwork
import LockstepSupport

/// Gradient accumulation: the passes of a step, in which a rank computes its micro-batches one run after the other
/// where memory does not hold all of them at once.
///
/// Kernels write the gradient of one pass. The first pass's is where the sum is to be; that of a later one is beside it
/// and is added, as the gradients of other ranks are: with the exact reductions in any order to the same bits.
final class GradientPasses {
  private let sum: GradientSum
  /// nil where every step is one pass: then it takes no memory.
  private let addend: GradientSum?
  private let team: ThreadTeam
  private var left = 1
  private var isFirst = true

  /// `sum`: where a step's gradient goes.
  init(_ settings: ReplicaSettings, into sum: GradientSum) {
    (self.sum, team) = (sum, settings.team)
    addend = settings.accumulates ? settings.makeGradient(sum.scales) : nil
  }

  /// Prepares for a step of so many passes.
  func begin(_ count: Int) {
    precondition(count == 1 || addend != nil)
    (left, isFirst) = (count, true)
  }

  /// A pass is over, and not the step's last one.
  func end() { (left, isFirst) = (left - 1, false) }

  /// Whether gradients are complete with this pass.
  var isLast: Bool { left == 1 }

  /// Where a job's gradient goes; with `update`, it is applied at once.
  func slice(for job: WeightGradientJob, applying update: kernel_update? = nil) -> GradientSlice {
    let target = isFirst ? sum : addend!
    return target.slice(
      at: job.parameters.lowerBound, microBatch: job.microBatches.first, applying: update)
  }

  /// The kernels have written the gradients of these jobs.
  func add(_ jobs: [WeightGradientJob]) {
    guard !isFirst, let addend else { return }
    let (sum, sums) = (sum, GradientSums([sum, addend]))
    for job in jobs where !job.parameters.isEmpty {
      let begin = job.parameters.lowerBound
      team.split(job.parameters.count / 16, grain: 512) {
        sums.write(
          to: sum, kernel_range(begin: begin + $0.lowerBound * 16, end: begin + $0.upperBound * 16))
      }
    }
  }
}
