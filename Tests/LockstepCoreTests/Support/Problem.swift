import LockstepCore

/// A network, its parameters and a batch: what one training step works on.
struct Problem: @unchecked Sendable {
  let network: Network
  let parameters: Parameters
  /// [samples, features]
  let inputs: [Float]
  let labels: [Int32]
  var count: Int { labels.count }

  init(inputs: Int, layers: [LayerSpecification], samples: Int, seed: UInt64 = 1) {
    network = Network(inputShape: [inputs], specification: layers)
    parameters = Parameters(network, seed: seed)
    var numbers = Numbers(seed: seed)
    self.inputs = numbers.floats(samples * inputs)
    labels = numbers.labels(samples, classes: network.classes)
  }

  /// What one rank does of the step: forward and backward over its micro-batches.
  func step(
    rank: Int = 0, ranks: Int = 1, microBatches: Int = 4, threads: Int = 1, reduction: Reduction = .exact
  )
    throws -> Step
  {
    let sampler = Sampler(datasetCount: count, batchSize: count, microBatches: microBatches, seed: 1)
    let shard = sampler.shard(step: 0, rank: rank, ranks: ranks)
    let rows = shard.entries.count
    let workspace = Workspace(network, capacity: rows, learns: true)
    let (x, features) = (workspace.input, network.inputFeatures)
    for (row, sample) in shard.entries.enumerated() {
      for i in 0..<features { x.pointer[row * x.stride + i] = inputs[sample * features + i] }
    }
    let gradient = GradientSum(
      parameterCount: network.parameterCount, microBatches: microBatches, reduction: reduction)
    let team = try ThreadTeam(count: threads)
    return shard.bounds.withUnsafeBufferPointer { bounds in
      let pass = Pass(rows: rows, bounds: bounds, scratch: workspace.scratch.pointer, team: team)
      network.forward(parameters, workspace, pass: pass)
      // One label more than rows, so that the buffer has an address where there are none.
      let (loss, hits) = (Array(labels[shard.entries]) + [0]).withUnsafeBufferPointer { labels in
        SoftmaxCrossEntropy(classes: network.classes, capacity: rows).evaluate(
          logits: workspace.logits, labels: labels.baseAddress!, divisor: count,
          gradient: workspace.logitsGradient, pass: pass)
      }
      let failures = network.backward(parameters, workspace, into: gradient, pass: pass)
      let logits = workspace.logits
      return Step(
        logits: (0..<rows).map { r in (0..<logits.features).map { logits.pointer[r * logits.stride + $0] } },
        loss: loss, hits: hits, failures: failures, gradient: network.tensors.map(gradient.values))
    }
  }
}

/// What a step came to.
struct Step {
  var logits: [[Float]]
  var loss: Double
  var hits: Int
  /// Layers whose gradient cannot be summed.
  var failures: [String]
  /// Of every tensor, row-major.
  var gradient: [[Double]]

  /// All of it, to be compared bit by bit.
  var bits: Bits {
    Bits(Array(logits.joined())) + Bits([loss]) + Bits([hits, failures.count])
      + Bits(Array(gradient.joined()))
  }

  /// The steps of several ranks, summed as an allreduce sums them.
  static func sum(_ steps: [Step]) -> Step {
    steps.dropFirst().reduce(into: steps[0]) { sum, step in
      sum.logits += step.logits
      sum.loss += step.loss
      sum.hits += step.hits
      sum.failures += step.failures
      sum.gradient = zip(sum.gradient, step.gradient).map { zip($0, $1).map(+) }
    }
  }
}
