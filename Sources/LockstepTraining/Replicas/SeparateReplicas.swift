import LockstepData
import LockstepNetwork
import LockstepSupport

/// Every rank has parameters of its own, and updates all of them. A single rank applies a gradient while summing it,
/// because no other rank adds to it; with several ranks or passes, or a reader, the whole gradient is summed first: by
/// MPI_Allreduce, or where each rank has a node of its own by what suits networks.
final class SeparateReplicas: Replicas {
  let parameters: Parameters
  let optimizer: any Optimizer
  private let average: AveragedWeights?
  var averaged: Parameters? { average?.parameters }
  let scales: GradientScales?
  let gradient: GradientSum
  let runningState: RunningState
  let fillsParameters = true
  let sharedRows: SharedRows? = nil
  var failure: GradientFailure? { gradients.failure }
  private let settings: ReplicaSettings
  /// nil if gradients go by MPI_Allreduce.
  private let buckets: BucketExchange?
  private let passes: GradientPasses
  private var gradients = StepGradients()
  var gradientReader: ((GradientSum) -> Void)?
  private var isAlone: Bool { settings.collective.size == 1 }
  /// Whether a gradient is applied while it is summed.
  private var appliesAtOnce: Bool {
    isAlone && !settings.accumulates && gradientReader == nil && !settings.needsWhole(optimizer)
  }

  /// `isAcrossNodes`: every rank has a node of its own, and no exchange is asked for. Collective.
  init(_ settings: ReplicaSettings, isAcrossNodes: Bool) throws {
    self.settings = settings
    buckets =
      isAcrossNodes && settings.collective.size > 1
      ? BucketExchange(try settings.makeBuckets(), settings.collective, settings.team) : nil
    parameters = Parameters(settings.network, seed: settings.recipe.seed)
    optimizer = settings.recipe.makeOptimizer(settings.network)
    average = settings.makeAverage(of: parameters) { AlignedBuffer(count: $0, zero: 0) }
    scales = settings.makeScales()
    gradient = settings.makeGradient(scales)
    passes = GradientPasses(settings, into: gradient)
    runningState = settings.makeRunningState()
  }

  func begin(_ step: Int, _ shard: Shard, passes count: Int, in workspace: Workspace, learningRate: Double) {
    passes.begin(count)
    scales?.begin(step, samples: shard.globalCount)
    runningState.begin(shard, settings.sampler)
    gradients = StepGradients(
      step: step, update: optimizer.update(of: parameters, step: step, learningRate: Float(learningRate)),
      scales: scales, passes: passes)
    buckets?.begin()
  }

  func endPass() { gradients.endPass(team: settings.team, into: slice) }

  func add(_ job: WeightGradientJob) {
    gradients.add(job, team: settings.team, into: slice)
    guard passes.isLast else { return }
    buckets?.add(unit: job.layer) {
      gradients.sumDeferred(team: settings.team, into: slice)
      try gradient.beginSumAcrossNodes($0, settings.collective)
    }
  }

  private func slice(for job: WeightGradientJob) -> GradientSlice {
    passes.slice(for: job, applying: appliesAtOnce ? gradients.update : nil)
  }

  func finish(_ metrics: StepMetrics) throws -> StepMetrics {
    gradient.metrics = gradients.finish(metrics, team: settings.team, into: slice)
    if !isAlone {
      Activity.enter(.waitingForGradients, step: gradients.step)
      try Trace.span("exchange") {
        if let buckets {
          try buckets.finish()
          try gradient.allReduceMetrics(settings.collective)
        } else {
          try gradient.allReduce(settings.collective)
        }
      }
    }
    try scales?.finish(settings.collective)
    if gradient.metrics.failures > 0 {
      try gradients.refuse(settings, limit: gradient.limit)
    }
    parameters.moveState(towards: try gradients.checked(runningState.sum(settings.collective), settings))
    if !appliesAtOnce {
      if settings.collective.rank == 0 { gradientReader?(gradient) }
      Activity.enter(.updating, step: gradients.step)
      Trace.span("update") {
        settings.completed(gradients.update, optimizer, by: gradient)
          .apply(gradient, count: settings.network.paddedParameterCount, team: settings.team)
      }
    }
    try average?.follow(step: gradients.step)
    return gradient.metrics
  }
}
