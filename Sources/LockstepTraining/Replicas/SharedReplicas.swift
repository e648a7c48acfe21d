import CKernels
import LockstepData
import LockstepNetwork
import LockstepSupport

/// The ranks of a node share memory: one copy of the parameters, of which each rank updates its share between two
/// barriers.
///
/// On one node, a dense layer's gradient is never exchanged. Its inputs and output gradients are far smaller: they are
/// in shared memory, and each rank sums its share of the weights over all ranks' samples and applies it at once
/// (`divided`). For other layers, and with several nodes, each rank's gradient is in shared memory; a rank sums its
/// slice of them and updates its slice of the parameters. Across nodes the slices are allreduced, each by one rank a
/// node.
///
/// The exact sum does not depend on its order, so the bits are those of `SeparateReplicas`. With the fast reduction
/// all ranks agree, as they must, because each slice is summed once a node.
final class SharedReplicas: Replicas {
  /// In the node's shared memory, like the moments.
  let parameters: Parameters
  let optimizer: any Optimizer
  private let average: AveragedWeights?
  var averaged: Parameters? { average?.parameters }
  let scales: GradientScales?
  let gradient: GradientSum
  let runningState: RunningState
  private let settings: ReplicaSettings
  private let slices: GradientSlices
  /// nil on a single node.
  private let buckets: BucketExchange?
  /// The units whose gradient is summed over all ranks' rows, each rank its share of the weights.
  private let divided: Set<Int>
  private let rows: SharedRows
  /// The micro-batches of the node's rows in a step of `globalCount` samples.
  private var microBatches = MicroBatches()
  private var globalCount = 0
  private let findings: NodeFindings
  var gradientReader: ((GradientSum) -> Void)?
  private let passes: GradientPasses
  private var gradients = StepGradients()
  private var dividedJobs: [WeightGradientJob] = []

  /// Collective. The parameters are those of the recipe's seed.
  init(_ settings: ReplicaSettings) throws {
    self.settings = settings
    let (network, recipe, collective) = (settings.network, settings.recipe, settings.collective)
    let scales = settings.makeScales()
    self.scales = scales
    runningState = settings.makeRunningState()
    let neighbours = try GradientSum.ofNode(settings, scales)
    gradient = neighbours[collective.nodeRank]
    passes = GradientPasses(settings, into: gradient)
    let weights = try collective.allocateShared(byteCount: network.bufferCount * 4)
    parameters = Parameters(
      network, buffer: AlignedBuffer(sharing: weights, from: 0, count: network.bufferCount))
    if collective.nodeRank == 0 { parameters.initialize(seed: recipe.seed) }
    divided = Self.dividedUnits(settings)
    let rowMemory = try collective.allocateShared(
      byteCount: SharedRows.byteCount(settings.plan, layers: divided, capacity: recipe.batchSize))
    rows = SharedRows(settings.plan, layers: divided, capacity: recipe.batchSize, in: rowMemory)
    findings = try NodeFindings(settings)
    // Each rank updates its slice of the moments, and rank 0 sees the whole for a checkpoint.
    func allocate(_ count: Int) throws -> AlignedBuffer<Float> {
      AlignedBuffer(sharing: try collective.allocateShared(byteCount: count * 4), from: 0, count: count)
    }
    optimizer = try recipe.makeOptimizer(network, allocate: allocate)
    average = try settings.makeAverage(of: parameters, sharers: collective, allocate: allocate)
    try collective.nodeBarrier()
    buckets =
      collective.nodeSize < collective.size
      ? BucketExchange(try settings.makeBuckets(), collective, settings.team) : nil
    let units = settings.plan.units.indices.filter { [divided] in !divided.contains($0) }
    slices = GradientSlices(
      settings, parts: buckets?.parts ?? units.map { settings.plan.units[$0].parameters },
      neighbours: neighbours)
  }

  var fillsParameters: Bool { settings.collective.nodeRank == 0 }
  var sharedRows: SharedRows? { rows }
  var failure: GradientFailure? { gradients.failure }

  func begin(_ step: Int, _ shard: Shard, passes count: Int, in workspace: Workspace, learningRate: Double) {
    passes.begin(count)
    scales?.begin(step, samples: shard.globalCount)
    runningState.begin(shard, settings.sampler)
    gradients = StepGradients(
      step: step, update: optimizer.update(of: parameters, step: step, learningRate: Float(learningRate)),
      scales: scales, passes: passes)
    dividedJobs.removeAll(keepingCapacity: true)
    if shard.globalCount != globalCount { place(workspace, globalCount: shard.globalCount) }
    buckets?.begin()
  }

  /// Places this rank's rows among the node's.
  private func place(_ workspace: Workspace, globalCount: Int) {
    let collective = settings.collective
    self.globalCount = globalCount
    var bounds: [Int32] = [0]
    for (number, rank) in collective.nodeRanks.enumerated() {
      if number == collective.nodeRank { workspace.place(atRow: Int(bounds.last!)) }
      let own = settings.sampler.bounds(count: globalCount, rank: rank, ranks: collective.size)
      let start = bounds.last! - own[0]
      bounds += own.dropFirst().map { start + $0 }
    }
    microBatches = MicroBatches(bounds: bounds).chained(by: settings.recipe.reduction)
  }

  func endPass() { gradients.endPass(team: settings.team, into: slice) }

  func add(_ job: WeightGradientJob) {
    if divided.contains(job.layer) { return dividedJobs.append(job) }
    gradients.add(job, team: settings.team, into: slice)
    guard passes.isLast else { return }
    buckets?.add(unit: job.layer) {
      gradients.sumDeferred(team: settings.team, into: slice)
      try slices.begin($0)
    }
  }

  private func slice(for job: WeightGradientJob) -> GradientSlice {
    passes.slice(for: job)
  }

  func finish(_ metrics: StepMetrics) throws -> StepMetrics {
    gradient.metrics = gradients.finish(metrics, team: settings.team, into: slice)
    Activity.enter(.waitingForGradients, step: gradients.step)
    var total = try Trace.span("exchange") {
      try buckets?.finish()
      try settings.collective.nodeBarrier()
      return try slices.sumMetrics()
    }
    if total.failures > 0 { try refuse() }
    let statistics = try gradients.checked(runningState.sum(settings.collective), settings)
    if fillsParameters { parameters.moveState(towards: statistics) }
    Activity.enter(.updating, step: gradients.step)
    try Trace.span("update") {
      try gradientReader == nil && !settings.needsWhole(optimizer) ? apply() : applyWhole()
      try average?.follow(step: gradients.step)
    }
    if let scales {
      total.clamped += findings.clamped(step: gradients.step)
      let largest = findings.largest(step: gradients.step)
      if settings.collective.nodeSize == settings.collective.size {
        scales.finish(largest)
      } else {
        try scales.finish(settings.collective)
      }
    }
    return total
  }

  /// Updates this rank's slices, and its share of the divided units as it sums their gradients. Collective.
  private func apply() throws {
    slices.apply(gradients.update)
    try sumDivided(into: gradient, applying: gradients.update)
  }

  /// The same with the whole gradient in between, in the memory of the node's first rank. Each rank sums what it sums
  /// otherwise, so that the fast reduction too gives the same bits. Collective.
  private func applyWhole() throws {
    slices.writeSums()
    try sumDivided(into: slices.first)
    if settings.collective.rank == 0 { gradientReader?(slices.first) }
    let update = settings.completed(gradients.update, optimizer, by: slices.first)
    // All ranks have read the weights before any changes its own.
    if optimizer.needsWholeGradient { try settings.collective.nodeBarrier() }
    slices.applyFirst(update)
    try settings.collective.nodeBarrier()
  }

  /// Sums this rank's share of the divided units' gradients over the node's rows, and applies it if there is an update.
  /// Collective.
  private func sumDivided(into sum: GradientSum, applying update: kernel_update? = nil) throws {
    let collective = settings.collective
    let jobs = dividedJobs.map {
      $0.over(
        x: rows.activations[settings.plan.units[$0.layer].input]!, dy: rows.gradients[$0.layer + 1]!,
        microBatches: microBatches)
    }
    let share = Share(index: collective.nodeRank, count: collective.nodeSize)
    let failed = gradients.sum(jobs, share: share, team: settings.team) {
      sum.slice(at: $0.parameters.lowerBound, microBatch: $0.microBatches.first, applying: update)
    }
    findings.write(
      step: gradients.step, rank: collective.nodeRank, failures: failed.count, scales?.findings)
    try collective.nodeBarrier()
    guard findings.hasFailures(step: gradients.step) else { return }
    try gradients.refuse(settings, limit: gradient.limit, also: failed)
  }

  /// Ends the step before the update. To name the layer that made the loss NaN, this rank's divided units are summed
  /// after all.
  private func refuse() throws {
    let isUnnamed = gradients.failures.isLossNaN && gradients.failures.layers.isEmpty
    let layers = isUnnamed ? WeightGradientJob.sum(dividedJobs, team: settings.team, into: slice) : []
    try gradients.refuse(settings, limit: gradient.limit, also: layers)
  }
}
