import LockstepCore

/// A network, its parameters and a batch: the input of one training step.
struct Problem: @unchecked Sendable {
  let network: Network
  let parameters: Parameters
  /// [samples, features], an image's channels as planes.
  let inputs: [Float]
  let labels: [Int32]
  /// The seed and epoch that dropout draws from.
  static let (dropoutSeed, dropoutEpoch) = (UInt64(77), 3)
  var count: Int { labels.count }

  /// Features other than those that `keeping` picks are 0.
  init(
    shape: [Int], layers: [LayerSpecification], samples: Int, seed: UInt64 = 1, scale: Float = 1,
    keeping: (Int) -> Bool = { _ in true }
  ) {
    network = Network(inputShape: shape, specification: layers)
    parameters = Parameters(network, seed: seed)
    var numbers = Numbers(seed: seed)
    let features = network.inputFeatures
    inputs = numbers.floats(samples * features, scale: scale).enumerated().map {
      keeping($0.offset % features) ? $0.element : 0
    }
    labels = numbers.labels(samples, classes: network.classes)
    for tensor in network.stateTensors {
      let drawn = numbers.floats(tensor.count, scale: 0.5)
      parameters.set(tensor, to: tensor.holdsVariances ? drawn.map { abs($0) + 0.5 } : drawn)
    }
  }

  init(inputs: Int, layers: [LayerSpecification], samples: Int, seed: UInt64 = 1) {
    self.init(shape: [inputs], layers: layers, samples: samples, seed: seed)
  }

  /// The same with layers as recipes write them.
  init(
    _ shape: [Int], _ layers: String, samples: Int, scale: Float = 1, keeping: (Int) -> Bool = { _ in true }
  ) {
    let layers = try! LayerSpecification.list(layers, subject: "network")
    self.init(shape: shape, layers: layers, samples: samples, scale: scale, keeping: keeping)
  }

  /// The same network with all inputs times a factor, and the weights of its first layer divided by it.
  func scaled(by factor: Float) -> Problem {
    let parameters = parameters.copy
    let weight = network.tensors[0]
    parameters.set(weight, to: parameters.values(of: weight).map { $0 / factor })
    return Problem(
      network: network, parameters: parameters, inputs: inputs.map { $0 * factor }, labels: labels)
  }

  private init(network: Network, parameters: Parameters, inputs: [Float], labels: [Int32]) {
    (self.network, self.parameters, self.inputs, self.labels) = (network, parameters, inputs, labels)
  }

  /// One rank's part of the step: forward and backward over its micro-batches.
  func step(
    rank: Int = 0, ranks: Int = 1, microBatches: Int = 4, threads: Int = 1, reduction: Reduction = .exact,
    style: FusionPlan.Style = .fused, isPoisoned: Bool = false
  )
    throws -> Step
  {
    let shard = shard(rank: rank, ranks: ranks, microBatches: microBatches)
    let plan = FusionPlan(network, style: style)
    let workspace = Workspace(plan, capacity: shard.entries.count, learns: true, threads: threads)
    if isPoisoned { plan.poison(workspace) }
    let gradient = gradient(reduction, microBatches: microBatches)
    // A step that has grids.
    gradient.scales?.begin(2, samples: count)
    let team = try ThreadTeam(count: threads)
    let collector = GradientCollector(gradient, team: team)
    let found = run(plan, parameters, workspace, to: collector, shard: shard, team: team)
    let logits = withExtendedLifetime(workspace) {
      (0..<shard.entries.count).map { row in
        (0..<network.classes).map { workspace.logits.row(row)[$0] }
      }
    }
    return Step(
      logits: logits, loss: found.loss, hits: found.hits,
      failures: collector.failures.sorted().map { plan.units[$0].name },
      gradient: network.tensors.map(gradient.values),
      clamped: gradient.scales?.findings.takeClamped() ?? 0, fusedCalls: plan.fusedCalls)
  }

  /// With grids, where the reduction has some; they are those of the network's parameters.
  func gradient(_ reduction: Reduction, microBatches: Int) -> GradientSum {
    var recipe = Recipe()
    (recipe.reduction, recipe.microBatches) = (reduction, microBatches)
    return GradientSum(
      paddedParameterCount: network.paddedParameterCount, microBatches: microBatches, reduction: reduction,
      scales: GradientScales(network, recipe, fullBatch: count))
  }

  func shard(rank: Int = 0, ranks: Int = 1, microBatches: Int) -> Shard {
    Sampler(datasetCount: count, batchSize: count, microBatches: microBatches, seed: 1)
      .shard(step: 0, rank: rank, ranks: ranks)
  }

  /// Forward, loss and backward over a shard.
  func run(
    _ plan: FusionPlan, _ parameters: Parameters, _ workspace: Workspace, to collector: GradientCollector,
    shard: Shard, team: ThreadTeam, epoch: Int = dropoutEpoch
  ) -> (loss: Double, hits: Int) {
    let (x, features, rows) = (workspace.input, network.inputFeatures, shard.entries.count)
    for (row, sample) in shard.entries.enumerated() {
      for i in 0..<features { x.pointer[row * x.stride + i] = inputs[sample * features + i] }
    }
    // One row more, so that the buffers have an address even without rows.
    let (samples, labels) = (Array(shard.entries) + [0], Array(labels[shard.entries]) + [0])
    let microBatches = MicroBatches(bounds: shard.bounds, first: shard.firstMicroBatch)
      .chained(by: collector.sum.reduction)
    let statistics = StepSlots(network, MicroBatches(bounds: shard.bounds, first: shard.firstMicroBatch))
    defer { withExtendedLifetime(statistics) {} }
    return samples.withUnsafeBufferPointer { samples in
      let pass = Pass(
        rows: rows, microBatches: microBatches, scratch: workspace.scratch.pointer, team: team,
        randomness: Pass.Randomness(seed: Self.dropoutSeed, epoch: epoch, samples: samples.baseAddress!),
        statistics: statistics.slots)
      let found = labels.withUnsafeBufferPointer { labels in
        plan.learn(
          from: BatchTargets(labels: labels.baseAddress!),
          SoftmaxCrossEntropy(classes: network.classes, capacity: rows),
          divisor: Double(count), parameters, workspace, to: collector, pass: pass)
      }
      collector.finish()
      return (found.loss.value, found.hits)
    }
  }

  /// Some steps of a recipe's optimizer on one rank. `fused` fuses what can be, and applies every gradient as it is
  /// computed, as a single rank does; otherwise gradients are stored first, as with several ranks, and then applied.
  func train(_ recipe: Recipe, steps: Int, fused: Bool, threads: Int = 1) throws -> (Parameters, Workspace) {
    let parameters = Parameters(network, seed: recipe.seed)
    let plan = FusionPlan(network, style: fused ? .fused : .plain)
    let workspace = Workspace(plan, capacity: count, learns: true, threads: threads)
    let optimizer = recipe.makeOptimizer(network)
    let gradient = gradient(recipe.reduction, microBatches: recipe.microBatches)
    let team = try ThreadTeam(count: threads)
    for step in 1...steps {
      gradient.scales?.begin(step + 1, samples: count)
      let update = optimizer.update(
        of: parameters, step: step, learningRate: Float(recipe.learningRate))
      let collector = GradientCollector(gradient, applying: fused ? update : nil, team: team)
      _ = run(
        plan, parameters, workspace, to: collector, shard: shard(microBatches: recipe.microBatches),
        team: team,
        epoch: step)
      try gradient.scales?.finish(SingleProcess())
      if !fused { update.apply(gradient, count: network.paddedParameterCount, team: team) }
    }
    return (parameters, workspace)
  }
}

/// The result of a step.
struct Step {
  var logits: [[Float]]
  var loss: Double
  var hits: Int
  /// Layers whose gradient cannot be summed.
  var failures: [String]
  /// Of every tensor, row-major.
  var gradient: [[Double]]
  /// Gradients cut off at the end of their grid.
  var clamped = 0
  /// Of the plan.
  var fusedCalls = 0

  /// The whole result, to be compared bit by bit.
  var bits: Bits {
    Bits(Array(logits.joined())) + Bits([loss]) + Bits([hits, failures.count, clamped])
      + Bits(Array(gradient.joined()))
  }

  /// The steps of several ranks, summed as an allreduce sums them.
  static func sum(_ steps: [Step]) -> Step {
    steps.dropFirst().reduce(into: steps[0]) { sum, step in
      sum.logits += step.logits
      sum.loss += step.loss
      sum.hits += step.hits
      sum.failures += step.failures
      sum.clamped += step.clamped
      sum.gradient = zip(sum.gradient, step.gradient).map { zip($0, $1).map(+) }
    }
  }
}
