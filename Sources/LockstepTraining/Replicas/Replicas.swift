import LockstepData
import LockstepNetwork

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

  /// Prepares for a step, counted from 1, of which this rank computes `shard` in `workspace`, in so many passes.
  func begin(_ step: Int, _ shard: Shard, passes: Int, in workspace: Workspace, learningRate: Double)
  /// Ends a pass that another one follows: sums deferred gradients, whose rows that will overwrite.
  func endPass()
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
