import LockstepData
import LockstepNetwork
import LockstepSupport

/// Every rank has parameters of its own, and updates all of them. A single rank applies a gradient while summing it,
/// because no other rank adds to it; with several ranks, MPI_Allreduce first sums the whole gradient.
final class SeparateReplicas: Replicas {
  let parameters: Parameters
  let optimizer: any Optimizer
  let gradient: GradientSum
  let fillsParameters = true
  let sharedRows: SharedRows? = nil
  var failure: GradientFailure? { gradients.failure }
  private let settings: ReplicaSettings
  private var gradients = StepGradients()
  private var isAlone: Bool { settings.collective.size == 1 }

  init(_ settings: ReplicaSettings) {
    self.settings = settings
    parameters = Parameters(settings.network, seed: settings.recipe.seed)
    optimizer = settings.recipe.makeOptimizer(paddedParameterCount: settings.network.paddedParameterCount)
    gradient = settings.makeGradient()
  }

  func begin(_ step: Int, _ shard: Shard, in workspace: Workspace, learningRate: Double) {
    gradients = StepGradients(
      step: step, update: optimizer.update(of: parameters, step: step, learningRate: Float(learningRate)))
  }

  func add(_ job: WeightGradientJob) { gradients.add(job, team: settings.team, into: slice) }

  private func slice(for job: WeightGradientJob) -> GradientSlice {
    gradient.slice(at: job.parameters.lowerBound, applying: isAlone ? gradients.update : nil)
  }

  func finish(_ metrics: StepMetrics) throws -> StepMetrics {
    gradient.metrics = gradients.finish(metrics, team: settings.team, into: slice)
    if !isAlone {
      Activity.enter(.waitingForGradients, step: gradients.step)
      try Trace.span("exchange") { try gradient.allReduce(settings.collective) }
    }
    if gradient.metrics.failures > 0 {
      try gradients.refuse(settings, limit: gradient.limit)
    }
    if !isAlone {
      Activity.enter(.updating, step: gradients.step)
      Trace.span("update") {
        gradients.update.apply(gradient, count: parameters.count, team: settings.team)
      }
    }
    return gradient.metrics
  }
}
