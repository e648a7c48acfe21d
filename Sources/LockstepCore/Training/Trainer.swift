import CKernels

/// Trains a network on a dataset. What it computes is a function of recipe and dataset alone: the ranks and threads that
/// share the work change no bit.
public final class Trainer {
  public let network: Network
  public let parameters: Parameters
  /// The recipe's normalization, with `auto` settled.
  public let normalization: Normalization
  package let sampler: Sampler
  let recipe: Recipe
  let dataset: Dataset
  let collective: any Collective
  let team: ThreadTeam
  let schedule: Schedule
  let optimizer: any Optimizer
  /// Of the last step, summed over the ranks.
  let exchange: any GradientExchange
  let workspace: Workspace
  let loss: SoftmaxCrossEntropy
  let batch: Batch
  let evaluator: Evaluator
  /// Between two steps.
  public internal(set) var state: TrainingState
  /// The weights of the best epoch so far, where the recipe keeps them, on ranks that fill parameters.
  var best: Parameters?
  var stepTime = StepTime()
  /// Asked in each step (counted from 1) on each rank: true ends the run with a checkpoint after this step.
  public var shouldStop: (_ step: Int) -> Bool = { _ in false }
  /// Called on every rank once all know that the run is going to stop, before the checkpoint.
  public var willStop: () -> Void = {}
  /// Where training failed, where that is known: on all ranks alike.
  public private(set) var failure: (step: Int, layer: String)?

  /// Allocates all that training needs and draws the initial weights. Collective.
  public init(
    recipe: Recipe, dataset: Dataset, collective: any Collective, team: ThreadTeam,
    exchange: ExchangeName = .auto
  ) throws {
    try recipe.check()
    try Self.requireTrainingSamples(dataset)
    self.recipe = recipe
    self.dataset = dataset
    self.collective = collective
    self.team = team
    sampler = Sampler(
      datasetCount: dataset.train.count, batchSize: recipe.batchSize, microBatches: recipe.microBatches,
      seed: recipe.seed, validationSplit: recipe.validationSplit)
    if recipe.keepBest || recipe.patience != nil, sampler.trainingCount == sampler.datasetCount {
      throw LockstepError(
        .usage, "validation-split",
        expected: "at least one of \(sampler.datasetCount) samples to validate on",
        found: "\(recipe.validationSplit)", fix: "Raise --validation-split")
    }
    try Self.requireJudges(dataset, sampler)
    network = try Network(
      inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.classes)
    if !recipe.augmentation.isNone, network.input.image == nil {
      throw LockstepError(
        .usage, "augment-shift, augment-rotate, augment-scale", expected: "images",
        found: "samples of shape \(network.inputShape)", fix: "Leave augmentation out for this data")
    }
    let capacity = sampler.shard(step: 0, rank: collective.rank, ranks: collective.size).entries.count + 1
    // From here on nothing fails on some ranks only: memory is had by all ranks or by none.
    (self.exchange, parameters) = try Self.makeExchange(
      exchange, network: network, sampler: sampler, recipe: recipe, collective: collective, team: team,
      rows: capacity)
    normalization = recipe.normalize.resolved(for: dataset.train.images, team: team)
    optimizer = try recipe.makeOptimizer(
      parameterCount: network.parameterCount, allocate: self.exchange.allocateMoment)
    schedule = recipe.learningRateSchedule(totalSteps: recipe.epochs * sampler.stepsPerEpoch)
    let sharedRows = self.exchange.sharedRows
    workspace = Workspace(
      network, capacity: capacity, learns: true, shared: sharedRows, threads: team.count,
      copiesInput: recipe.copiesInput(of: network, isShared: sharedRows != nil, on: team))
    loss = SoftmaxCrossEntropy(classes: network.classes, capacity: capacity)
    batch = Batch(capacity: capacity)
    state = TrainingState(patience: recipe.patience)
    evaluator = try Evaluator(network, normalization: normalization, collective: collective, team: team)
  }

  /// The exchange that the name asks for, and the parameters that it works on.
  private static func makeExchange(
    _ name: ExchangeName, network: Network, sampler: Sampler, recipe: Recipe, collective: any Collective,
    team: ThreadTeam, rows: Int
  ) throws -> (any GradientExchange, Parameters) {
    func requireMemory(_ shared: (late: Set<Int>, bytes: Int)?) throws {
      try MemoryNeed(
        training: network, recipe: recipe, rows: rows, threads: team.count,
        copiesInput: recipe.copiesInput(of: network, isShared: shared != nil, on: team), shared: shared,
        usesMPI: shared == nil ? collective.size > 1 : collective.nodeSize < collective.size,
        isWriter: collective.rank == 0
      ).require(collective)
    }
    if collective.size > 1, name == .shared || name == .auto && collective.smallestNode > 1 {
      let needed = SharedExchange.byteCount(network: network, recipe: recipe, collective: collective)
      try requireMemory((SharedExchange.lateLayers(network, recipe: recipe, collective: collective), needed))
      do {
        try collective.reserveShared(byteCount: needed, parts: SharedExchange.parts(recipe))
        let shared = try SharedExchange(
          network: network, sampler: sampler, recipe: recipe, collective: collective, team: team)
        return (shared, shared.parameters)
      } catch is AgreedError where name == .auto {
        // A node has no room: no rank has taken any.
      }
    }
    try requireMemory(nil)
    let gradient = GradientSum(
      parameterCount: network.parameterCount, microBatches: recipe.microBatches, reduction: recipe.reduction)
    let parameters = Parameters(network, seed: recipe.seed)
    guard collective.size > 1 else { return (NoExchange(gradient, network: network), parameters) }
    return (
      AllReduceExchange(gradient, network: network, collective: collective, team: team), parameters
    )
  }

  package var gradient: GradientSum { exchange.gradient }

  public var totalSteps: Int {
    let all = recipe.epochs * sampler.stepsPerEpoch
    return min(recipe.maxSteps ?? all, all)
  }

  /// The training step: this rank's shard of a global batch, forward, backward, summed over the ranks, applied.
  func train(
    on shard: Shard, of order: EpochOrder, epoch: Int, step: Int, learningRate: Double
  ) throws -> StepMetrics {
    Activity.enter(.computing, step: step)
    return try shard.bounds.withUnsafeBufferPointer { bounds in
      let pass = Pass(
        rows: shard.entries.count, bounds: bounds, scratch: workspace.scratch.pointer, team: team,
        randomness: Pass.Randomness(seed: recipe.seed, epoch: epoch, samples: batch.samples))
      exchange.place(workspace, for: shard)
      batch.load(
        pass.rows, from: dataset.train, normalization: normalization, augmenter: augmenter(epoch: epoch),
        into: workspace.input, team: team
      ) { order[shard.entries.lowerBound + $0] }
      let head = network.head(parameters, workspace, pass: pass)
      network.forward(parameters, workspace, upTo: head, pass: pass)
      let (loss, hits) = loss.evaluate(
        logits: workspace.logits, labels: batch.labels, divisor: shard.globalCount,
        gradient: workspace.logitsGradient, pass: pass, head: head)
      let update = optimizer.update(of: parameters, step: step, learningRate: Float(learningRate))
      var failures = network.backward(
        parameters, workspace, into: gradient, applying: exchange.appliesAtOnce ? update : nil,
        late: exchange.lateLayers, below: head, pass: pass)
      // The fast reduction looks at no gradient; a loss that is no number tells as much.
      if failures.isEmpty, loss.isNaN { failures = ["loss"] }
      gradient.metrics = StepMetrics(
        loss: loss, hits: hits, failures: failures.isEmpty ? 0 : 1, stopRequests: shouldStop(step) ? 1 : 0)
      Activity.enter(.waitingForGradients, step: step)
      let metrics = try exchange.sum()
      if metrics.failures > 0 {
        if failures == ["loss"] {
          // A late layer of this rank: to name it, its gradient is made after all.
          let layers = network.backward(parameters, workspace, into: gradient, pass: pass)
          failures = layers.isEmpty ? failures : layers
        }
        try refuse(failures, step: step)
      }
      Activity.enter(.updating, step: step)
      if let failures = try exchange.apply(update) { try refuse(failures, step: step) }
      return metrics
    }
  }

  /// Ends the run on all ranks, naming the step and the first rank's first layer whose gradient cannot be summed.
  private func refuse(_ layers: [String], step: Int) throws {
    let first = try collective.allGather(layers.isEmpty ? 0 : 1).firstIndex(of: 1) ?? 0
    let layer = try collective.broadcast(Array((layers.first ?? "").utf8), from: first)
    failure = (step, String(decoding: layer, as: UTF8.self))
    try collective.together {
      guard let layer = layers.first else { return }
      throw LockstepError(
        .failure, "step \(step), \(layer)",
        expected: "gradients of at most \(gradient.limit) in magnitude",
        found: "a larger one or NaN: training has diverged",
        fix: "Lower --lr, normalise the data with --normalize auto, or use --warmup-steps")
    }
  }

  private func augmenter(epoch: Int) -> Batch.Augmenter? {
    recipe.augmentation.isNone ? nil : Batch.Augmenter(recipe.augmentation, seed: recipe.seed, epoch: epoch)
  }

  /// Whether no step is left to take, nor an epoch to evaluate.
  public var isDone: Bool {
    state.convergence.hasRunOut(after: state.epoch)
      || state.step >= totalSteps && state.stepOfEpoch < sampler.stepsPerEpoch
  }

  var validationIndices: [Int]? {
    sampler.trainingCount < sampler.datasetCount ? sampler.validationIndices : nil
  }

  var startReport: TrainingStart {
    TrainingStart(
      ranks: collective.size, threads: team.count, instructionSet: InstructionSet.current,
      parameters: network.tensors.reduce(0) { $0 + $1.count }, dataset: dataset.name,
      sampleShape: dataset.train.images.shape, classes: dataset.classes,
      trainingSamples: sampler.trainingCount, validationSamples: sampler.datasetCount - sampler.trainingCount,
      testSamples: dataset.test.count, epochs: recipe.epochs, totalSteps: totalSteps,
      normalization: normalization, learningRate: recipe.scaledLearningRate, recipeRate: recipe.learningRate,
      referenceBatch: recipe.lrReferenceBatch, batchSize: recipe.batchSize)
  }
}
