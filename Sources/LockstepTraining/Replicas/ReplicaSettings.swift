import CKernels
import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// The arguments of all replicas.
struct ReplicaSettings {
  let plan: FusionPlan
  let recipe: Recipe
  let sampler: Sampler
  let collective: any Collective
  let team: ThreadTeam
  /// The least bytes of gradients that go to other nodes together; nil for what suits the network.
  let bucketBytes: Int?
  /// The most micro-batches that a rank computes in one pass: all of its own, or as many as fit into memory. The same
  /// on all ranks.
  var microBatchesAtOnce = Int.max

  var network: Network { plan.network }

  /// Whether a rank takes several passes for a step. The same on all ranks, also those with fewer micro-batches.
  var accumulates: Bool {
    GradientAccumulation(atOnce: microBatchesAtOnce, recipe, ranks: collective.size) != nil
  }

  /// The most samples that this rank can have in a pass, plus one.
  var capacity: Int {
    let shard = sampler.shard(step: 0, rank: collective.rank, ranks: collective.size)
    return (shard.passes(of: microBatchesAtOnce).map(\.entries.count).max() ?? 0) + 1
  }

  /// Whether each thread has its own copy of the input.
  func copiesInput(isShared: Bool) -> Bool {
    !isShared && recipe.augmentation.isNone && !recipe.mixes && plan.copiesInput(threads: team.count)
  }

  func makeGradient(_ scales: GradientScales?) -> GradientSum {
    GradientSum(
      paddedParameterCount: network.paddedParameterCount, microBatches: recipe.microBatches,
      reduction: recipe.reduction, scales: scales)
  }

  /// The parts in which gradients go to other nodes. Collective.
  func makeBuckets() throws -> GradientBuckets {
    GradientBuckets(
      plan, byteCount: try bucketBytes ?? GradientBuckets.suitableBytes(collective),
      width: recipe.reduction.byteCount)
  }

  /// Whether the recipe's update depends on the norms of a whole gradient.
  func needsWhole(_ optimizer: any Optimizer) -> Bool {
    recipe.clipNorm != nil || optimizer.needsWholeGradient
  }

  /// An update with what it needs of the whole gradient.
  func completed(
    _ update: kernel_update, _ optimizer: any Optimizer, by gradient: GradientSum
  ) -> kernel_update {
    let update = update.clipped(to: recipe.clipNorm, gradient, team: team)
    optimizer.measure(gradient, for: update, team: team)
    return update
  }

  func makeRunningState() -> RunningState { RunningState(network, microBatches: recipe.microBatches) }

  func makeScales() -> GradientScales? {
    GradientScales(network, recipe, fullBatch: min(recipe.batchSize, sampler.trainingCount))
  }
}
