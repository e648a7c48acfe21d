import CKernels

/// The ranks of a node share memory: one copy of the parameters, and every rank's gradient where the others can read it.
/// Each rank sums its slice of the gradients and updates its slice of the parameters, between two barriers. Across nodes
/// the slices are allreduced, each by one rank a node.
///
/// The exact sum does not depend on its order, so the bits are those of `AllReduceExchange`. With the fast reduction all
/// ranks agree, as they must, because each slice is summed once a node.
final class SharedExchange: GradientExchange {
  let gradient: GradientSum
  let appliesAtOnce = false
  let parametersAreOwn = false
  /// In the node's memory.
  let parameters: Parameters
  private let collective: any Collective
  private let team: ThreadTeam
  /// The gradients of the node's ranks, by their number on it.
  private let neighbours: [GradientSum]
  /// This rank's part of the parameters; empty on a node's surplus ranks, where another node has fewer.
  private let slice: Range<Int>
  /// The slice's sum over the node, where it goes on to other nodes; nil where there is one node.
  private let nodeSum: GradientSum?

  /// Collective. The parameters are those of the seed.
  init(
    network: Network, seed: UInt64, microBatches: Int, reduction: Reduction, collective: any Collective,
    team: ThreadTeam
  ) throws {
    self.collective = collective
    self.team = team
    let count = network.parameterCount
    let bytes = GradientSum.byteCount(parameterCount: count, reduction: reduction)
    let gradients = try collective.allocateShared(byteCount: bytes * collective.nodeSize)
    neighbours = (0..<collective.nodeSize).map {
      GradientSum(
        parameterCount: count, microBatches: microBatches, reduction: reduction, in: gradients, slot: $0)
    }
    gradient = neighbours[collective.nodeRank]
    let weights = try collective.allocateShared(byteCount: count * 4)
    parameters = Parameters(network, buffer: AlignedBuffer(sharing: weights, from: 0, count: count))
    if collective.nodeRank == 0 { parameters.initialize(seed: seed) }
    try collective.nodeBarrier()
    let slices = collective.smallestNode
    let (number, vectors) = (collective.nodeRank, count / 16)
    slice = number < slices ? vectors * number / slices * 16..<vectors * (number + 1) / slices * 16 : 0..<0
    nodeSum =
      collective.nodeSize == collective.size
      ? nil : GradientSum(parameterCount: count, microBatches: microBatches, reduction: reduction)
  }

  /// What a node's ranks share, all in all.
  static func byteCount(network: Network, recipe: Recipe, ranks: Int) -> Int {
    GradientSum.byteCount(parameterCount: network.parameterCount, reduction: recipe.reduction) * ranks
      + network.parameterCount * 4 * (1 + recipe.momentCount)
  }

  /// Shared like the parameters: each rank updates its slice, and rank 0 sees the whole for a checkpoint.
  func allocateMoment(count: Int) throws -> AlignedBuffer<Float> {
    AlignedBuffer(sharing: try collective.allocateShared(byteCount: count * 4), from: 0, count: count)
  }

  func sum() throws -> StepMetrics {
    try collective.nodeBarrier()
    var total = neighbours.dropFirst().reduce(neighbours[0].metrics) { $0 + $1.metrics }
    if collective.nodeSize < collective.size { total = try sumOverNodes(total) }
    return total
  }

  func apply(_ update: kernel_update) throws {
    if let nodeSum {
      if !slice.isEmpty {
        sumSlice(into: nodeSum)
        try nodeSum.allReduceAcrossNodes(slice, collective)
      }
      updateSlice(update, from: [nodeSum])
    } else {
      updateSlice(update, from: neighbours)
    }
    try collective.nodeBarrier()
  }

  /// One rank a node adds the node's, so that each counts once.
  private func sumOverNodes(_ metrics: StepMetrics) throws -> StepMetrics {
    let values = AlignedBuffer<Double>(count: metrics.values.count, zero: 0)
    if collective.nodeRank == 0 {
      for (i, value) in metrics.values.enumerated() { values.pointer[i] = value }
    }
    try collective.allReduce(values.elements)
    return StepMetrics(values: Array(values.elements))
  }

  private func updateSlice(_ update: kernel_update, from sums: [GradientSum]) {
    inParts(of: sums) { exact, fast, count, range in
      withUnsafePointer(to: update) { kernel_apply_summed_update($0, exact, fast, count, range) }
    }
  }

  private func sumSlice(into sum: GradientSum) {
    inParts(of: neighbours) { exact, fast, count, range in
      if let exact { kernel_sum_exact(exact, count, sum.mutableExact, range) }
      if let fast { kernel_sum_fast(fast, count, sum.mutableFast, range) }
    }
  }

  /// Calls the body for parts of the slice on the threads, with the gradients' addresses in double or in Float.
  private func inParts(
    of sums: [GradientSum],
    _ body:
      @escaping (
        UnsafePointer<UnsafePointer<Double>?>?, UnsafePointer<UnsafePointer<Float>?>?, Int32, kernel_range
      ) -> Void
  ) {
    let (slice, isExact) = (slice, gradient.reduction == .exact)
    let (exact, fast) = (sums.map(\.exact), sums.map(\.fast))
    team.split(slice.count / 16, grain: 512) { part in
      let range = kernel_range(
        begin: slice.lowerBound + part.lowerBound * 16, end: slice.lowerBound + part.upperBound * 16)
      exact.withUnsafeBufferPointer { exact in
        fast.withUnsafeBufferPointer { fast in
          body(isExact ? exact.baseAddress : nil, isExact ? nil : fast.baseAddress, Int32(exact.count), range)
        }
      }
    }
  }
}
