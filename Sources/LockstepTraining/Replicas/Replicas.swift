import CKernels
import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// Owns a rank's parameters and moments and is the only one to change them: receives the weight gradients of a step,
/// sums them over the ranks and applies them.
protocol Replicas: WeightGradientSink {
  var parameters: Parameters { get }
  var optimizer: any Optimizer { get }
  /// The moving average of the parameters, which every step moves as well; nil if the recipe has none.
  var averaged: Parameters? { get }
  /// Whether this rank initialises its parameters and moments: its own, or its node's.
  var fillsParameters: Bool { get }
  /// Activations and gradients that the ranks of a node share; nil if nothing is shared.
  var sharedRows: SharedRows? { get }
  /// The step and layer that failed, the same on all ranks.
  var failure: GradientFailure? { get }
  /// The grids that gradients are rounded to; nil if the recipe's reduction has none.
  var scales: GradientScales? { get }
  /// The last step's gradient, summed over the ranks, if it was stored at all.
  var gradient: GradientSum { get }
  /// Reads a step's whole gradient on rank 0, summed over the ranks and not applied yet. Set or nil on all ranks alike
  /// from before `begin` until after `finish`. Without one a gradient need never be whole: it is applied as it is
  /// summed, to the same bits.
  var gradientReader: ((GradientSum) -> Void)? { get set }
  /// What layers keep besides parameters.
  var runningState: RunningState { get }

  /// Prepares for a step, counted from 1, of which this rank computes `shard` in `workspace`.
  func begin(_ step: Int, _ shard: Shard, in workspace: Workspace, learningRate: Double)
  /// Ends the step: sums deferred gradients, agrees on failures, updates the parameters. Takes this rank's metrics and
  /// returns the sum over all ranks. Collective; on return all ranks see the new parameters.
  ///
  /// Throws on all ranks alike if a gradient is NaN or too large to sum, naming step, layer and rank.
  func finish(_ metrics: StepMetrics) throws -> StepMetrics
}

/// How ranks exchange gradients. All give the same bits with `Reduction.exact`.
public enum ExchangeName: String, CaseIterable, Sendable {
  /// `shared` if every node has several ranks and enough shared memory, else `allreduce`.
  case auto
  /// `MPI_Allreduce` over all ranks.
  case allreduce
  /// Shared memory within a node, `Collective.allReduceAcrossNodes` across them.
  case shared
}

/// The arguments of all replicas.
struct ReplicaSettings {
  let plan: FusionPlan
  let recipe: Recipe
  let sampler: Sampler
  let collective: any Collective
  let team: ThreadTeam
  /// The least bytes of gradients that go to other nodes together; nil for what suits the network.
  let bucketBytes: Int?
  var network: Network { plan.network }

  /// The most samples of a batch that this rank can have, plus one.
  var capacity: Int {
    sampler.shard(step: 0, rank: collective.rank, ranks: collective.size).entries.count + 1
  }

  /// Whether each thread has its own copy of the input.
  func copiesInput(isShared: Bool) -> Bool {
    !isShared && recipe.augmentation.isNone && !recipe.mixes && plan.copiesInput(threads: team.count)
  }

  /// The replicas for an exchange, with the initial parameters of the recipe's seed. Collective.
  ///
  /// Throws on all ranks if there is not enough memory.
  func makeReplicas(_ name: ExchangeName) throws -> any Replicas {
    if collective.size > 1, name == .shared || name == .auto && collective.smallestNode > 1 {
      let needed = SharedReplicas.byteCount(self)
      try requireMemory(shared: (SharedReplicas.dividedUnits(self), needed))
      do {
        try collective.reserveShared(byteCount: needed, parts: SharedReplicas.parts(recipe))
        return try SharedReplicas(self)
      } catch is AgreedError where name == .auto {
        // A node has no room: no rank has taken any.
      }
    }
    try requireMemory(shared: nil)
    let isAcrossNodes = name != .allreduce && collective.nodeSizes.count == collective.size
    return try SeparateReplicas(self, isAcrossNodes: isAcrossNodes)
  }

  private func requireMemory(shared: (units: Set<Int>, bytes: Int)?) throws {
    try MemoryNeed(
      training: plan, recipe: recipe, rows: capacity, threads: team.count,
      copiesInput: copiesInput(isShared: shared != nil), shared: shared,
      usesMPI: shared == nil ? collective.size > 1 : collective.nodeSize < collective.size,
      isWriter: collective.rank == 0
    ).require(collective)
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
  func completed(_ update: kernel_update, _ optimizer: any Optimizer, by gradient: GradientSum)
    -> kernel_update
  {
    let update = update.clipped(to: recipe.clipNorm, gradient, team: team)
    optimizer.measure(gradient, for: update, team: team)
    return update
  }

  func makeRunningState() -> RunningState { RunningState(network, microBatches: recipe.microBatches) }

  func makeScales() -> GradientScales? {
    GradientScales(network, recipe, fullBatch: min(recipe.batchSize, sampler.trainingCount))
  }
}
