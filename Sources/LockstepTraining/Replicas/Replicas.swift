import CKernels
import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// Owns a rank's parameters and moments, and alone changes them: takes the weight gradients of a step, sums them over
/// the ranks and applies them.
protocol Replicas: WeightGradientSink {
  var parameters: Parameters { get }
  var optimizer: any Optimizer { get }
  /// Whether this rank writes where its parameters and moments are: its own, or its node's.
  var fillsParameters: Bool { get }
  /// Activations and gradients that the ranks of a node share; nil where each has all of its own.
  var sharedRows: SharedRows? { get }
  /// Where a step failed: on all ranks alike.
  var failure: GradientFailure? { get }
  /// Of the last step, summed over the ranks, where it was written at all.
  var gradient: GradientSum { get }

  /// Readies all for a step, counted from 1, of which this rank computes `shard` in `workspace`.
  func begin(_ step: Int, _ shard: Shard, in workspace: Workspace, learningRate: Double)
  /// Ends the step: sums what is left, agrees on failures, updates the parameters. Returns all ranks' metrics, of
  /// which this rank gives its own. Collective; on return all ranks see the new parameters.
  ///
  /// Throws on all ranks alike where a gradient is NaN or too large to sum, naming step, layer and rank.
  func finish(_ metrics: StepMetrics) throws -> StepMetrics
}

/// How ranks exchange gradients. All ways give the same bits.
public enum ExchangeName: String, CaseIterable, Sendable {
  /// `shared` where every node has several ranks and room for their memory, else `allreduce`.
  case auto
  case allreduce
  case shared
}

/// What all replicas are made from.
struct ReplicaSettings {
  let plan: FusionPlan
  let recipe: Recipe
  let sampler: Sampler
  let collective: any Collective
  let team: ThreadTeam
  var network: Network { plan.network }

  /// The most samples that this rank has of a batch, and one more.
  var capacity: Int {
    sampler.shard(step: 0, rank: collective.rank, ranks: collective.size).entries.count + 1
  }

  /// Whether each thread makes a copy of the input of its own.
  func copiesInput(isShared: Bool) -> Bool {
    !isShared && recipe.augmentation.isNone && plan.copiesInput(threads: team.count)
  }

  /// The replicas that the name asks for, with the parameters of the recipe's seed. Collective.
  ///
  /// Throws on all ranks where the memory for them cannot be had.
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
    return SeparateReplicas(self)
  }

  private func requireMemory(shared: (units: Set<Int>, bytes: Int)?) throws {
    try MemoryNeed(
      training: plan, recipe: recipe, rows: capacity, threads: team.count,
      copiesInput: copiesInput(isShared: shared != nil), shared: shared,
      usesMPI: shared == nil ? collective.size > 1 : collective.nodeSize < collective.size,
      isWriter: collective.rank == 0
    ).require(collective)
  }

  func makeGradient() -> GradientSum {
    GradientSum(
      parameterCount: network.parameterCount, microBatches: recipe.microBatches, reduction: recipe.reduction)
  }
}
