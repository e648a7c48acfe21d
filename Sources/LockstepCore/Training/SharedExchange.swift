import CKernels

/// The ranks of a node share memory: one copy of the parameters, of which each rank updates its share between two
/// barriers.
///
/// Where there is one node, a dense layer's gradient is never exchanged. Its inputs and output gradients are far
/// smaller: they stand in shared memory, and each rank sums its share of the weights over all ranks' samples and applies
/// it at once. Of the other layers, and where there are more nodes, each rank's gradient stands in shared memory; a rank
/// sums its slice of them and updates its slice of the parameters. Across nodes the slices are allreduced, each by one
/// rank a node.
///
/// The exact sum does not depend on its order, so the bits are those of `AllReduceExchange`. With the fast reduction all
/// ranks agree, as they must, because each slice is summed once a node.
final class SharedExchange: GradientExchange {
  let gradient: GradientSum
  let appliesAtOnce = false
  let parametersAreOwn = false
  let lateLayers: Set<Int>
  /// In the node's memory.
  let parameters: Parameters
  private let network: Network
  private let sampler: Sampler
  private let collective: any Collective
  private let team: ThreadTeam
  /// The gradients of the node's ranks, by their number on it.
  private let neighbours: [GradientSum]
  /// This rank's parts of the parameters that are updated from gradients; none on a node's surplus ranks, where another
  /// node has fewer.
  private let slices: [Range<Int>]
  /// The slices' sum over the node, where it goes on to other nodes; nil where there is one node.
  private let nodeSum: GradientSum?
  private let rows: SharedRows
  var sharedRows: SharedRows? { rows }
  /// The micro-batches of the node's rows in a step of `globalCount` samples.
  private var bounds: [Int32] = []
  private var globalCount = 0
  /// Failures of late layers by rank, of every other step: nobody overwrites what a slower rank has yet to read.
  private let failureCounts: AlignedBuffer<Int>
  private var step = 0

  /// Collective. The parameters are those of the recipe's seed.
  init(
    network: Network, sampler: Sampler, recipe: Recipe, collective: any Collective, team: ThreadTeam
  ) throws {
    self.network = network
    self.sampler = sampler
    self.collective = collective
    self.team = team
    let count = network.parameterCount
    let bytes = GradientSum.byteCount(parameterCount: count, reduction: recipe.reduction)
    let gradients = try collective.allocateShared(byteCount: bytes * collective.nodeSize)
    neighbours = (0..<collective.nodeSize).map {
      GradientSum(
        parameterCount: count, microBatches: recipe.microBatches, reduction: recipe.reduction, in: gradients,
        slot: $0)
    }
    gradient = neighbours[collective.nodeRank]
    let weights = try collective.allocateShared(byteCount: count * 4)
    parameters = Parameters(network, buffer: AlignedBuffer(sharing: weights, from: 0, count: count))
    if collective.nodeRank == 0 { parameters.initialize(seed: recipe.seed) }
    lateLayers = Self.lateLayers(network, recipe: recipe, collective: collective)
    rows = try SharedRows(network, layers: lateLayers, capacity: recipe.batchSize, collective: collective)
    failureCounts = AlignedBuffer(
      sharing: try collective.allocateShared(byteCount: 16 * collective.nodeSize), from: 0,
      count: 2 * collective.nodeSize)
    try collective.nodeBarrier()
    slices = Self.slices(network, lateLayers: lateLayers, collective: collective)
    nodeSum =
      collective.nodeSize == collective.size
      ? nil
      : GradientSum(
        parameterCount: count, microBatches: recipe.microBatches, reduction: recipe.reduction)
  }

  /// Layers whose rows are cheaper to read than their gradients: a gradient is written, and read, as doubles.
  static func lateLayers(_ network: Network, recipe: Recipe, collective: any Collective) -> Set<Int> {
    guard collective.nodeSize == collective.size else { return [] }
    return Set(
      network.layers.indices.filter {
        let layer = network.layers[$0]
        return layer is any DividedLayer
          && recipe.batchSize * (network.inputCount(of: $0) + layer.output.count) < 6 * layer.parameterCount
      })
  }

  private static func slices(
    _ network: Network, lateLayers: Set<Int>, collective: any Collective
  ) -> [Range<Int>] {
    let (number, shares) = (collective.nodeRank, collective.smallestNode)
    guard number < shares else { return [] }
    // All parameters in one slice where no layer takes another way: one allreduce over the nodes.
    let whole =
      lateLayers.isEmpty
      ? [0..<network.parameterCount]
      : network.layers.indices.filter { !lateLayers.contains($0) }.map {
        network.offsets[$0]..<network.offsets[$0] + network.layers[$0].parameterCount
      }
    return whole.map {
      let own = Share(index: number, count: shares).range(of: $0.count, grain: 16)
      return $0.lowerBound + own.lowerBound..<$0.lowerBound + own.upperBound
    }.filter { !$0.isEmpty }
  }

  /// In how many allocations: gradients, weights, rows, failures, and the optimizer's moments.
  static func parts(_ recipe: Recipe) -> Int { 4 + recipe.momentCount }

  /// What a node's ranks share, all in all.
  static func byteCount(network: Network, recipe: Recipe, collective: any Collective) -> Int {
    GradientSum.byteCount(parameterCount: network.parameterCount, reduction: recipe.reduction)
      * collective.nodeSize + network.parameterCount * 4 * (1 + recipe.momentCount)
      + SharedRows.byteCount(
        network, layers: lateLayers(network, recipe: recipe, collective: collective),
        capacity: recipe.batchSize) + 16 * collective.nodeSize
  }

  func place(_ workspace: Workspace, for shard: Shard) {
    guard shard.globalCount != globalCount else { return }
    globalCount = shard.globalCount
    bounds = [0]
    for (number, rank) in collective.nodeRanks.enumerated() {
      if number == collective.nodeRank { workspace.place(atRow: Int(bounds.last!)) }
      let own = sampler.bounds(count: globalCount, rank: rank, ranks: collective.size)
      let start = bounds.last! - own[0]
      bounds += own.dropFirst().map { start + $0 }
    }
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

  func apply(_ update: kernel_update) throws -> [String]? {
    if let nodeSum {
      for slice in slices {
        sum(slice, into: nodeSum)
        try nodeSum.allReduceAcrossNodes(slice, collective)
        self.update(slice, update, from: [nodeSum])
      }
    } else {
      for slice in slices { self.update(slice, update, from: neighbours) }
    }
    let failures = applyLate(update)
    let counts = failureCounts.pointer + step % 2 * collective.nodeSize
    counts[collective.nodeRank] = failures.count
    step += 1
    try collective.nodeBarrier()
    return (0..<collective.nodeSize).allSatisfy { counts[$0] == 0 } ? nil : failures
  }

  /// Sums this rank's share of the late layers' gradients over the node's rows and applies it. Returns the names of
  /// layers whose gradient cannot be summed.
  private func applyLate(_ update: kernel_update) -> [String] {
    bounds.withUnsafeBufferPointer { bounds in
      let pass = Pass(
        rows: Int(bounds[bounds.count - 1]), bounds: bounds, scratch: parameters.pointer, team: team)
      let numbers = lateLayers.sorted()
      let layers = numbers.map { i in
        DividedGradient(
          layer: network.layers[i] as! any DividedLayer, x: rows.activations[i]!, dy: rows.gradients[i + 1]!,
          gradient: gradient.slice(at: network.offsets[i], applying: update))
      }
      let share = Share(index: collective.nodeRank, count: collective.nodeSize)
      let areFinite = DividedGradient.sum(layers, share: share, pass: pass)
      return zip(numbers, areFinite).filter { !$1 }.map { network.names[$0.0] }
    }
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

  private func update(_ slice: Range<Int>, _ update: kernel_update, from sums: [GradientSum]) {
    inParts(of: slice, of: sums) { exact, fast, count, range in
      withUnsafePointer(to: update) { kernel_apply_update($0, exact, fast, count, range) }
    }
  }

  private func sum(_ slice: Range<Int>, into sum: GradientSum) {
    inParts(of: slice, of: neighbours) { exact, fast, count, range in
      if let exact { kernel_sum_exact(exact, count, sum.mutableExact, range) }
      if let fast { kernel_sum_fast(fast, count, sum.mutableFast, range) }
    }
  }

  /// Calls the body for parts of a slice on the threads, with the gradients' addresses in double or in Float.
  private func inParts(
    of slice: Range<Int>, of sums: [GradientSum],
    _ body:
      @escaping (
        UnsafePointer<UnsafePointer<Double>?>?, UnsafePointer<UnsafePointer<Float>?>?, Int32, kernel_range
      ) -> Void
  ) {
    let isExact = gradient.reduction == .exact
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
