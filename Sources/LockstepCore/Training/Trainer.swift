import CKernels

/// Trains a network on a dataset. What it computes is a function of recipe and dataset alone: the ranks and threads that
/// share the work change no bit.
public final class Trainer {
  public let network: Network
  public let parameters: Parameters
  /// The recipe's normalization, with `auto` settled.
  public let normalization: Normalization
  public let sampler: Sampler
  private let recipe: Recipe
  private let dataset: Dataset
  private let collective: any Collective
  private let team: ThreadTeam
  private let schedule: Schedule
  private let optimizer: any Optimizer
  /// Of the last step, summed over the ranks.
  package let gradient: GradientSum
  private let workspace: Workspace
  private let loss: SoftmaxCrossEntropy
  private let batch: Batch
  private let evaluator: Evaluator

  /// Allocates all that training needs and draws the initial weights. Not collective.
  public init(recipe: Recipe, dataset: Dataset, collective: any Collective, team: ThreadTeam) throws {
    self.recipe = recipe
    self.dataset = dataset
    self.collective = collective
    self.team = team
    schedule = recipe.learningRateSchedule
    sampler = Sampler(
      datasetCount: dataset.train.count, batchSize: recipe.batchSize, microBatches: recipe.microBatches,
      seed: recipe.seed, validationSplit: recipe.validationSplit)
    network = try Network(
      inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.classes)
    parameters = Parameters(network, seed: recipe.seed)
    normalization = recipe.normalize.resolved(for: dataset.train.images, team: team)
    optimizer = SGD(
      parameterCount: network.parameterCount, momentum: Float(recipe.momentum),
      weightDecay: Float(recipe.weightDecay))
    gradient = GradientSum(
      parameterCount: network.parameterCount, microBatches: recipe.microBatches, reduction: recipe.reduction)
    let capacity = sampler.shard(step: 0, rank: collective.rank, ranks: collective.size).entries.count + 1
    workspace = Workspace(network, capacity: capacity, learns: true)
    loss = SoftmaxCrossEntropy(classes: network.classes, capacity: capacity)
    batch = Batch(capacity: capacity)
    evaluator = Evaluator(network, normalization: normalization, collective: collective, team: team)
  }

  public var totalSteps: Int {
    let all = recipe.epochs * sampler.stepsPerEpoch
    return min(recipe.maxSteps ?? all, all)
  }

  /// Trains to the end. Collective; `observer` hears of it on rank 0.
  public func train(observer: (any TrainingObserver)? = nil) throws -> TrainingResult {
    let clock = ContinuousClock()
    let started = clock.now
    let observer = collective.rank == 0 ? observer : nil
    try observer?.observe(.start(startReport))
    var lastTest: Evaluation?
    var step = 0
    for epoch in 0..<recipe.epochs where step < totalSteps {
      lastTest = try train(epoch: epoch, from: &step, observer: observer)
    }
    let test = try lastTest ?? evaluator.evaluate(parameters, on: dataset.test)
    let digest = try checkedDigest()
    let result = TrainingResult(
      steps: step, test: test, digest: digest, seconds: seconds(clock.now - started))
    try observer?.observe(.end(result))
    return result
  }

  /// One epoch, or what `totalSteps` leaves of it. Returns the test's evaluation where the epoch was whole.
  private func train(epoch: Int, from step: inout Int, observer: (any TrainingObserver)?) throws
    -> Evaluation?
  {
    let clock = ContinuousClock()
    let started = clock.now
    let order = sampler.order(epoch: epoch)
    let steps = min(sampler.stepsPerEpoch, totalSteps - step)
    var total = EpochTotal()
    for stepOfEpoch in 0..<steps {
      let shard = sampler.shard(step: stepOfEpoch, rank: collective.rank, ranks: collective.size)
      let rate = schedule.learningRate(step: step, epoch: epoch)
      let metrics = try train(on: shard, of: order, epoch: epoch, step: step + 1, learningRate: rate)
      step += 1
      total.add(metrics, count: shard.globalCount)
      try observer?.observe(
        .step(
          StepReport(
            epoch: epoch + 1, step: step, totalSteps: totalSteps, loss: metrics.loss, epochLoss: total.loss,
            epochAccuracy: total.accuracy, learningRate: rate)))
    }
    guard steps == sampler.stepsPerEpoch else { return nil }
    let elapsed = seconds(clock.now - started)
    _ = try checkedDigest()
    let validation = try validationIndices.map {
      try evaluator.evaluate(parameters, on: dataset.train, indices: $0)
    }
    let test = try evaluator.evaluate(parameters, on: dataset.test)
    try observer?.observe(
      .epoch(
        EpochReport(
          epoch: epoch + 1, epochs: recipe.epochs, step: step, trainLoss: total.loss,
          trainAccuracy: total.accuracy, validation: validation, test: test,
          learningRate: schedule.learningRate(step: step - 1, epoch: epoch), seconds: elapsed,
          samplesPerSecond: Double(sampler.trainingCount) / elapsed)))
    return test
  }

  /// The training step: this rank's shard of a global batch, forward, backward, summed over the ranks, applied.
  private func train(
    on shard: Shard, of order: EpochOrder, epoch: Int, step: Int, learningRate: Double
  ) throws -> StepMetrics {
    try shard.bounds.withUnsafeBufferPointer { bounds in
      let pass = Pass(
        rows: shard.entries.count, bounds: bounds, scratch: workspace.scratch.pointer, team: team,
        randomness: Pass.Randomness(seed: recipe.seed, epoch: epoch, samples: batch.samples))
      batch.load(
        pass.rows, from: dataset.train, normalization: normalization, into: workspace.input, team: team
      ) { order[shard.entries.lowerBound + $0] }
      network.forward(parameters, workspace, pass: pass)
      let (loss, hits) = loss.evaluate(
        logits: workspace.logits, labels: batch.labels, divisor: shard.globalCount,
        gradient: workspace.logitsGradient, pass: pass)
      let update = optimizer.update(of: parameters, step: step, learningRate: Float(learningRate))
      var failures = network.backward(
        parameters, workspace, into: gradient, applying: collective.size == 1 ? update : nil, pass: pass)
      // The loss goes through the same sum, and the fast reduction looks at no gradient.
      if !(loss <= Double(gradient.limit)) { failures.append("loss") }
      gradient.metrics = StepMetrics(loss: loss, hits: hits, failures: failures.isEmpty ? 0 : 1)
      if collective.size > 1 { try gradient.allReduce(collective) }
      if gradient.metrics.failures > 0 { try refuse(failures, step: step) }
      if collective.size > 1 { update.apply(gradient, count: parameters.count, team: team) }
      return gradient.metrics
    }
  }

  /// Ends the run on all ranks, naming the step and the first rank's first layer whose gradient cannot be summed.
  private func refuse(_ layers: [String], step: Int) throws {
    try collective.together {
      guard let layer = layers.first else { return }
      throw LockstepError(
        .failure, "step \(step), \(layer)",
        expected: "a loss and gradients of at most \(gradient.limit) in magnitude",
        found: "a larger one or NaN: training has diverged",
        fix: "Lower --lr, normalise the data with --normalize auto, or use --warmup-steps")
    }
  }

  /// The digest of the parameters, which must be the same on all ranks. Collective.
  private func checkedDigest() throws -> UInt64 {
    let digests = try collective.allGather(parameters.digest)
    if let rank = digests.firstIndex(where: { $0 != digests[0] }) {
      try collective.together {
        throw LockstepError(
          .failure, "replica check", expected: "the same weights on all ranks",
          found: "\(digests[rank].hexadecimal) on rank \(rank), \(digests[0].hexadecimal) on rank 0",
          fix: "A rank's memory or binary differs: check that all nodes run the same build")
      }
    }
    return digests[0]
  }

  private var validationIndices: [Int]? {
    sampler.trainingCount < sampler.datasetCount ? sampler.validationIndices : nil
  }

  private var startReport: TrainingStart {
    TrainingStart(
      ranks: collective.size, threads: team.count, instructionSet: InstructionSet.current,
      parameters: network.tensors.reduce(0) { $0 + $1.count }, dataset: dataset.name,
      trainingSamples: sampler.trainingCount, validationSamples: sampler.datasetCount - sampler.trainingCount,
      testSamples: dataset.test.count, epochs: recipe.epochs, totalSteps: totalSteps,
      normalization: normalization)
  }
}

/// Loss and hits of an epoch's steps so far.
private struct EpochTotal {
  private var lossSum = 0.0
  private var hits = 0
  private var count = 0

  mutating func add(_ metrics: StepMetrics, count: Int) {
    lossSum += metrics.loss * Double(count)
    hits += metrics.hits
    self.count += count
  }

  var loss: Double { lossSum / Double(count) }
  var accuracy: Double { Double(hits) / Double(count) }
}

private func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
