import LockstepTraining

/// Predicts how long a step takes on any number of ranks and nodes, from steps timed on one and two ranks and from the
/// network's latency and bandwidth.
///
///     one node, N ranks:  serial + parallel * turns(N) / V
///     n nodes:            alone(turns(N)) + crossing + exchange(n)
///
/// `serial` and `parallel` are from one and two ranks. `turns(N)` is the time that the ranks of the fullest node take
/// on its cores, in those of a micro-batch. `alone(k)` is a step of k micro-batches in one process, linear in k.
/// `crossing` is what two ranks on two nodes take beyond that and their exchange: the gradient is written, and the
/// update waits for it; or less, where layers compute while gradients are on their way.
package struct StepModel: Sendable, Equatable {
  package var microBatches: Int
  /// Parameters, and bytes of each in the exchange.
  package var parameters: Int
  package var bytes: Int
  /// Ranks that a node's processors can run at once.
  package var cores: Int
  /// Seconds of a step in one process, of all micro-batches and of one.
  package var alone: (all: Double, one: Double)
  /// On two ranks of a node; nil if no node has two.
  package var pair: Double?
  /// On two ranks of different nodes, and the network; nil on a single node.
  package var apart: Double?
  package var network: NetworkSpeed?

  package init(
    microBatches: Int, parameters: Int, bytes: Int, cores: Int, alone: (all: Double, one: Double),
    pair: Double? = nil, apart: Double? = nil, network: NetworkSpeed? = nil
  ) {
    (self.microBatches, self.parameters, self.bytes, self.cores) = (microBatches, parameters, bytes, cores)
    (self.alone, self.pair, self.apart, self.network) = (alone, pair, apart, network)
  }

  package static func == (a: StepModel, b: StepModel) -> Bool {
    a.microBatches == b.microBatches && a.parameters == b.parameters && a.bytes == b.bytes
      && a.cores == b.cores && a.alone == b.alone && a.pair == b.pair && a.apart == b.apart
      && a.network == b.network
  }

  /// Seconds on nodes of so many ranks each; nil where the constants for it were not measured.
  package func seconds(layout: [Int]) -> Double? {
    let ranks = layout.reduce(0, +)
    if ranks == 1 { return alone.all }
    return layout.count == 1 ? onOneNode(ranks) : acrossNodes(layout, bytes: bytes)
  }

  /// The same where every gradient is sent in so many bytes.
  package func seconds(layout: [Int], bytes: Int) -> Double? {
    layout.count == 1 ? seconds(layout: layout) : acrossNodes(layout, bytes: bytes)
  }

  /// How long a node with the first ranks of the job takes for their micro-batches, in those of one on a core.
  ///
  /// Where ranks are more than cores it lies between two limits. At best no core is idle before the end. At worst all
  /// ranks go on equally fast, until some have one micro-batch more than the others and are alone with it.
  private func turns(_ ranksOfNode: Int, of ranks: Int) -> Double {
    let (each, more) = microBatches.quotientAndRemainder(dividingBy: ranks)
    func share(_ running: Int) -> Double { max(Double(running) / Double(cores), 1) }
    let last = min(more, ranksOfNode)
    let worst = Double(each) * share(ranksOfNode) + (last > 0 ? share(last) : 0)
    let all = Double(each * ranksOfNode + last)
    let best = max(Double(each + (last > 0 ? 1 : 0)), all / Double(cores))
    return (best + worst) / 2
  }

  private func onOneNode(_ ranks: Int) -> Double? {
    guard let pair else { return nil }
    func part(_ ranks: Int) -> Double { turns(ranks, of: ranks) / Double(microBatches) }
    let parallel = min(max((alone.all - pair) / (1 - part(2) + 1e-9), 0), alone.all)
    return alone.all - parallel * (1 - part(ranks))
  }

  /// A step of so many micro-batches in one process.
  private func alone(_ count: Double) -> Double {
    guard microBatches > 1 else { return alone.all }
    return alone.one + (alone.all - alone.one) * (count - 1) / Double(microBatches - 1)
  }

  private func acrossNodes(_ layout: [Int], bytes: Int) -> Double? {
    guard let network, let apart else { return nil }
    let crossing =
      apart - alone(turns(1, of: 2)) - network.seconds(ofGradients: parameters, bytes: self.bytes, nodes: 2)
    let ranks = layout.reduce(0, +)
    let compute = alone(turns(layout.max() ?? 1, of: ranks))
    let exchange = network.seconds(ofGradients: parameters, bytes: bytes, nodes: layout.count)
    return max(compute + crossing + exchange, compute, exchange)
  }
}
