import CKernels
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// The exponential moving average of the weights and of the state (`Recipe.ema`), as torch.optim.swa_utils has it with
/// `AveragedModel(use_buffers=True)` and `get_ema_multi_avg_fn`: a copy after the first step, and then
///
///     average = average + (1 - decay) · (weights - average)
///
/// Element by element, after the update and whatever has made it, so that any division of the work gives the same bits.
package struct AveragedWeights {
  /// Laid out as the weights, and before the first step equal to them.
  package let parameters: Parameters
  private let weights: Parameters
  private let part: Float
  private let team: ThreadTeam
  /// nil for memory of this rank alone.
  private let sharers: (any Collective)?

  /// In memory from `allocate`, which `sharers`, the ranks of a node, share, as they then do the weights.
  package init(
    of weights: Parameters, decay: Double, team: ThreadTeam, sharers: (any Collective)? = nil,
    allocate: (Int) throws -> AlignedBuffer<Float>
  ) rethrows {
    parameters = Parameters(weights.network, buffer: try allocate(weights.count))
    (self.weights, part, self.team, self.sharers) = (weights, Float(1 - decay), team, sharers)
    if sharers?.nodeRank ?? 0 == 0 { parameters.set(to: weights) }
  }

  /// Moves the average towards the weights that a step, counted from 1, has updated. Collective where it is shared:
  /// each rank moves its share, once all of the node's weights are updated.
  package func follow(step: Int) throws {
    let share = sharers.map { Share(index: $0.nodeRank, count: $0.nodeSize) } ?? .whole
    let own = share.range(of: weights.count / 16)
    let (from, average, part) = (weights.pointer, parameters.pointer, part)
    team.split(own.count, grain: 512) {
      let begin = (own.lowerBound + $0.lowerBound) * 16
      if step == 1 {
        (average + begin).update(from: from + begin, count: $0.count * 16)
      } else {
        kernel_move_average(from, average, part, kernel_range(begin: begin, end: begin + $0.count * 16))
      }
    }
    try sharers?.nodeBarrier()
  }
}

extension ReplicaSettings {
  /// The average of the recipe, which is nil for none: then it takes no memory.
  func makeAverage(
    of weights: Parameters, sharers: (any Collective)? = nil,
    allocate: (Int) throws -> AlignedBuffer<Float>
  ) rethrows -> AveragedWeights? {
    guard recipe.averagesWeights else { return nil }
    return try AveragedWeights(
      of: weights, decay: recipe.ema, team: team, sharers: sharers, allocate: allocate)
  }
}
