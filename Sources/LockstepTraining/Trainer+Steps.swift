import LockstepData
import LockstepSupport

/// A step that has been taken.
struct TakenStep {
  let shard: Shard
  let learningRate: Double
  let metrics: StepMetrics
  /// Of a traced step, on rank 0.
  let digests: StepDigests?
}

extension Trainer {
  /// Takes the next step of an epoch.
  func takeStep(of order: EpochOrder) throws -> TakenStep {
    let shard = sampler.shard(step: state.stepOfEpoch, rank: collective.rank, ranks: collective.size)
    let rate = schedule.learningRate(step: state.step, epoch: state.epoch)
    let isTraced = tracedSteps?.contains(state.step + 1) ?? false
    let (metrics, digests) = try Trace.span("step") {
      isTraced
        ? try digestedStep(on: shard, of: order, learningRate: rate)
        : (try step(on: shard, of: order, learningRate: rate), nil)
    }
    state.add(metrics, count: shard.globalCount)
    return TakenStep(shard: shard, learningRate: rate, metrics: metrics, digests: digests)
  }

  /// Whether a step is left. Unlike `isDone` it asks for no evaluation.
  package var canStep: Bool { state.step < totalSteps }

  /// Takes the next step, of the next epoch where one is over, and returns its learning rate: training without
  /// evaluation, reports and checkpoints. Collective.
  package func advance() throws -> Double {
    if state.stepOfEpoch == sampler.stepsPerEpoch { state.endEpoch() }
    return try takeStep(of: sampler.order(epoch: state.epoch)).learningRate
  }
}
