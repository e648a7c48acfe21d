import LockstepData
import LockstepNetwork

extension Trainer {
  /// As `step`, with digests of what goes into it and what comes of it, on rank 0: nil on the others. Collective.
  ///
  /// It reads what the step leaves, and the gradient where the replicas show it: no bit changes.
  func digestedStep(on shard: Shard, of order: EpochOrder, learningRate: Double) throws -> (
    metrics: StepMetrics, digests: StepDigests?
  ) {
    let isReader = collective.rank == 0
    let before = isReader ? weightDigests : []
    var gradients: [ValuesDigest] = []
    replicas.gradientReader = { [network] gradient in
      gradients = network.tensors.map { tensor in
        ValuesDigest(name: tensor.name, gradient.values(of: tensor).lazy.map { Float($0) })
      }
    }
    defer { replicas.gradientReader = nil }
    var own = BatchDigest(samples: shard.globalCount)
    let start = state.stepOfEpoch * recipe.batchSize
    let metrics = try step(on: shard, of: order, learningRate: learningRate) { part in
      own.add(part, of: batch, input: workspace.input, position: part.entries.lowerBound - start)
    }
    let whole = try own.summed(collective)
    guard isReader else { return (metrics, nil) }
    let after = weightDigests
    let tensors = network.tensors.indices.reversed().map { number in
      TensorDigests(
        name: network.tensors[number].name, before: before[number], gradient: gradients[number],
        after: after[number])
    }
    let digests = StepDigests(
      step: state.step + 1, epoch: state.epoch + 1, batch: whole, loss: metrics.loss.value * loss.unit,
      learningRate: learningRate, tensors: tensors)
    return (metrics, digests)
  }

  private var weightDigests: [ValuesDigest] {
    network.tensors.map { ValuesDigest(name: $0.name, parameters.values(of: $0)) }
  }
}
