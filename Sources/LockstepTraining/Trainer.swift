import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport

/// Trains a network on a dataset. The result is a function of recipe and dataset alone: the number of ranks and threads
/// changes no bit.
public final class Trainer {
  public let network: Network
  /// The recipe's normalization, with `auto` resolved.
  public let normalization: Normalization
  package let sampler: Sampler
  let recipe: Recipe
  let dataset: Dataset
  let collective: any Collective
  let team: ThreadTeam
  let schedule: Schedule
  let plan: FusionPlan
  let replicas: any Replicas
  let workspace: Workspace
  let loss: any BatchLoss
  /// What the network gives where labels are numbers; nil for classes.
  let regression: Regression?
  /// Of the loss, [classes]; nil for 1 each.
  let classWeights: [Float]?
  let batch: Batch
  /// The most of a rank's micro-batches that memory holds.
  private let microBatchesAtOnce: Int
  package let evaluator: Evaluator
  /// Between two steps.
  public internal(set) var state: TrainingState
  /// The weights of the best epoch so far, and their average then, if the recipe keeps them, on ranks that fill
  /// parameters.
  var best: Parameters?
  var bestAveraged: Parameters?
  var stepTime = StepTime()
  /// Whether a slow rank has been named.
  var hasAdvised = false
  public var parameters: Parameters { replicas.parameters }
  /// The moving average of the parameters (`Recipe.ema`); nil if the recipe has none.
  public var averagedParameters: Parameters? { replicas.averaged }
  /// Called in each step (counted from 1) on each rank: true ends the run with a checkpoint after this step.
  public var shouldStop: (_ step: Int) -> Bool = { _ in false }
  /// Steps, counted from 1, that are reported with digests of batch, gradients and weights; nil for none. The same on
  /// all ranks. Changes no bit.
  public var tracedSteps: ClosedRange<Int>?
  /// What ended the run, where `shouldStop` did; rank 0's is reported.
  public var stopCause: () -> String = { "on request" }
  /// Called on every rank before the checkpoint of a run that stops.
  public var willStop: () -> Void = {}
  /// Where training failed, if that is known; the same on all ranks.
  public var failure: (step: Int, layer: String)? { replicas.failure.map { ($0.step, $0.layer) } }

  /// Whether `train` has thrown because of what recipe and data come to, whatever the machine: a gradient, the loss or
  /// an evaluation that is no number. The same on all ranks.
  package var hasDiverged: Bool { failure != nil || evaluator.hasFoundNaN }

  /// Allocates all memory for training and draws the initial weights. Collective. Throws `LockstepError` (usage, data)
  /// for a recipe or dataset that cannot be trained, and failure if memory is short. `bucketBytes`: the least bytes of
  /// gradients that go to other nodes together, while earlier layers compute; nil for what suits the network. Like
  /// `exchange`, it changes no bit.
  public convenience init(
    recipe: Recipe, dataset: Dataset, collective: any Collective, team: ThreadTeam,
    exchange: ExchangeName = .auto, bucketBytes: Int? = nil
  ) throws {
    try self.init(
      recipe: recipe, dataset: dataset, collective: collective, team: team, exchange: exchange,
      bucketBytes: bucketBytes, microBatchesAtOnce: .max)
  }

  /// The same with at most so many of a rank's micro-batches at once, however much memory there is.
  package init(
    recipe: Recipe, dataset: Dataset, collective: any Collective, team: ThreadTeam,
    exchange: ExchangeName = .auto, bucketBytes: Int? = nil, microBatchesAtOnce: Int
  ) throws {
    try recipe.check()
    try Self.requireTrainingSamples(dataset)
    self.recipe = recipe
    self.dataset = dataset
    self.collective = collective
    self.team = team
    sampler = recipe.sampler(datasetCount: dataset.train.count)
    if recipe.keepBest || recipe.patience != nil, sampler.trainingCount == sampler.datasetCount {
      throw LockstepError(
        .usage, "validation-split",
        expected: "at least one of \(sampler.datasetCount) samples to validate on",
        found: "\(recipe.validationSplit)", fix: "Raise --validation-split")
    }
    network = try Network(
      inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.outputs)
    regression = try recipe.regression(for: dataset)
    if !recipe.augmentation.isNone, network.input.image == nil {
      throw LockstepError(
        .usage, "augment-shift, -rotate, -scale, -flip, -crop, -cutout", expected: "images",
        found: "samples of shape \(network.inputShape)", fix: "Leave augmentation out for this data")
    }
    classWeights =
      recipe.loss == LossRegistry.crossEntropy
      ? try recipe.classWeights.resolved(samples: dataset.trainingSamples(heldBack: sampler.heldBack ?? []))
      : nil
    // From here on nothing fails on some ranks only: all ranks get their memory, or none.
    plan = FusionPlan(network)
    let fitting = try ReplicaSettings(
      plan: plan, recipe: recipe, sampler: sampler, collective: collective, team: team,
      bucketBytes: bucketBytes, microBatchesAtOnce: microBatchesAtOnce
    ).makeReplicas(exchange)
    let settings = fitting.settings
    (replicas, self.microBatchesAtOnce) = (fitting.replicas, settings.microBatchesAtOnce)
    normalization = recipe.normalize.resolved(for: dataset.train.images, team: team)
    schedule = recipe.learningRateSchedule(totalSteps: recipe.epochs * sampler.stepsPerEpoch)
    let sharedRows = replicas.sharedRows
    workspace = Workspace(
      plan, capacity: settings.capacity, learns: true, threads: team.count, shared: sharedRows,
      copiesInput: settings.copiesInput(isShared: sharedRows != nil))
    loss = try recipe.batchLoss(of: network, settings.capacity, weights: classWeights, regression)
    batch = Batch(capacity: settings.capacity, targets: regression?.scaling, mixes: recipe.mixes)
    state = TrainingState(patience: recipe.patience)
    evaluator = try Evaluator(
      network, normalization: normalization, regression: regression, collective: collective, team: team)
  }

  package var gradient: GradientSum { replicas.gradient }

  public var totalSteps: Int {
    let all = recipe.epochs * sampler.stepsPerEpoch
    return min(recipe.maxSteps ?? all, all)
  }

  /// The training step: this rank's shard of a global batch forward and backward, in one pass or as many as its
  /// micro-batches take, summed over the ranks and applied. `read` is called after each pass with its part of the
  /// shard.
  func step(
    on shard: Shard, of order: EpochOrder, learningRate: Double, read: (_ part: Shard) -> Void = { _ in }
  ) throws -> StepMetrics {
    let (step, parts) = (state.step + 1, shard.passes(of: microBatchesAtOnce))
    Activity.enter(.computing, step: step)
    replicas.begin(step, shard, passes: parts.count, in: workspace, learningRate: learningRate)
    let divisor = divisor(of: shard, in: order)
    var total = StepMetrics(loss: ExactSum(), hits: 0)
    for (number, part) in parts.enumerated() {
      if number > 0 { replicas.endPass() }
      let pass = load(part, of: order)
      let sum = plan.learn(
        from: batch.targets, loss, divisor: divisor, parameters, workspace, to: replicas, pass: pass)
      total = total + StepMetrics(loss: sum.loss, hits: sum.hits)
      read(part)
    }
    total.stopRequests = shouldStop(step) ? 1 : 0
    return try replicas.finish(total)
  }

  /// Fills the workspace's input with the shard's samples.
  private func load(_ shard: Shard, of order: EpochOrder) -> Pass {
    let pass = Pass(
      rows: shard.entries.count,
      microBatches: MicroBatches(bounds: shard.bounds, first: shard.firstMicroBatch)
        .chained(by: recipe.reduction),
      scratch: workspace.scratch.pointer, team: team,
      randomness: Pass.Randomness(seed: recipe.seed, epoch: state.epoch, samples: batch.samples),
      statistics: replicas.runningState.statistics(of: shard))
    batch.load(
      pass.rows, from: dataset.train, normalization: normalization, augmenter: augmenter(epoch: state.epoch),
      mixup: recipe.mixup(epoch: state.epoch, order), into: workspace.input, team: team
    ) { order[shard.entries.lowerBound + $0] }
    return pass
  }

  private func augmenter(epoch: Int) -> Batch.Augmenter? {
    recipe.augmentation.isNone ? nil : Batch.Augmenter(recipe.augmentation, seed: recipe.seed, epoch: epoch)
  }

  /// Whether no step is left, nor an epoch to evaluate.
  public var isDone: Bool {
    state.convergence.hasRunOut(after: state.epoch)
      || state.step >= totalSteps && state.stepOfEpoch < sampler.stepsPerEpoch
  }

  package var validationIndices: [Int]? { sampler.heldBack }

  var startReport: TrainingStart {
    TrainingStart(
      ranks: collective.size, threads: team.count, instructionSet: InstructionSet.current,
      parameters: network.tensors.reduce(0) { $0 + $1.count }, dataset: dataset.name,
      sampleShape: dataset.train.images.shape, classes: dataset.classes, targets: dataset.targetColumns,
      loss: recipe.loss,
      trainingSamples: sampler.trainingCount, validationSamples: sampler.datasetCount - sampler.trainingCount,
      testSamples: dataset.test.count, epochs: recipe.epochs, totalSteps: totalSteps,
      normalization: normalization, learningRate: recipe.scaledLearningRate, recipeRate: recipe.learningRate,
      optimization: recipe.optimization, referenceBatch: recipe.lrReferenceBatch, batchSize: recipe.batchSize,
      initialDigest: recipe.initialWeights.isEmpty || state.step > 0 ? nil : parameters.digest,
      accumulation: GradientAccumulation(atOnce: microBatchesAtOnce, recipe, ranks: collective.size),
      classWeights: classWeights == nil ? nil : recipe.classWeights.description,
      baselines: regression == nil ? dataset.baselines(heldBack: validationIndices ?? []) : nil)
  }
}
