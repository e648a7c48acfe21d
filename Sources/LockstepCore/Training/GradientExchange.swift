import CKernels

/// How ranks exchange gradients. All ways give the same bits.
public enum ExchangeName: String, CaseIterable, Sendable {
  /// `shared` where every node has several ranks and room for their memory, else `allreduce`.
  case auto
  case allreduce
  case shared
}

/// How the ranks' gradients become one update of the parameters on all of them.
protocol GradientExchange: AnyObject {
  /// Where this rank's gradient goes.
  var gradient: GradientSum { get }
  /// Whether a gradient is applied as it comes, because no other rank adds to it.
  var appliesAtOnce: Bool { get }

  /// Whether this rank's parameters are its own, and not its node's.
  var parametersAreOwn: Bool { get }
  /// Zeroed memory for a moment of the optimizer, where the parameters are. Collective.
  func allocateMoment(count: Int) throws -> AlignedBuffer<Float>

  /// Layers whose weight gradient is left to `apply`.
  var lateLayers: Set<Int> { get }
  /// Activations and gradients that the ranks of a node share; nil where each has all of its own.
  var sharedRows: SharedRows? { get }
  /// Readies the workspace for the next step.
  func place(_ workspace: Workspace, for shard: Shard)

  /// Waits for all ranks' gradients and returns all ranks' metrics. Collective.
  func sum() throws -> StepMetrics
  /// Updates the parameters by the summed gradient. Collective; on return all ranks see the new parameters.
  ///
  /// Where a late layer's gradient is NaN or too large on any rank, returns the names of those that are on this one.
  func apply(_ update: kernel_update) throws -> [String]?
}

extension GradientExchange {
  func allocateMoment(count: Int) -> AlignedBuffer<Float> { AlignedBuffer(count: count, zero: 0) }
}

/// One process: there is nothing to exchange.
final class NoExchange: GradientExchange {
  let gradient: GradientSum
  let appliesAtOnce = true
  let parametersAreOwn = true
  private let network: Network

  init(_ gradient: GradientSum, network: Network) {
    self.gradient = gradient
    self.network = network
  }

  let lateLayers: Set<Int> = []
  let sharedRows: SharedRows? = nil
  func place(_ workspace: Workspace, for shard: Shard) {}

  func sum() -> StepMetrics { gradient.metrics }
  func apply(_ update: kernel_update) -> [String]? { nil }
}

/// Every rank has parameters of its own: the whole gradient is summed by MPI_Allreduce, and each rank updates all.
final class AllReduceExchange: GradientExchange {
  let gradient: GradientSum
  let appliesAtOnce = false
  let parametersAreOwn = true
  private let network: Network
  private let collective: any Collective
  private let team: ThreadTeam

  init(_ gradient: GradientSum, network: Network, collective: any Collective, team: ThreadTeam) {
    self.gradient = gradient
    self.network = network
    self.collective = collective
    self.team = team
  }

  func sum() throws -> StepMetrics {
    try gradient.allReduce(collective)
    return gradient.metrics
  }

  let lateLayers: Set<Int> = []
  let sharedRows: SharedRows? = nil
  func place(_ workspace: Workspace, for shard: Shard) {}

  func apply(_ update: kernel_update) -> [String]? {
    update.apply(gradient, count: network.parameterCount, team: team)
    return nil
  }
}
