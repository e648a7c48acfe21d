import LockstepCore
import Testing

/// Gradient accumulation: a rank's micro-batches in several passes give the bits of one.
@Suite struct AccumulationTests {
  /// Batches of 19 samples in 5 micro-batches; the last of an epoch has 2 samples, so that some passes have none.
  private static func recipe(_ reduction: Reduction, _ change: (inout Recipe) throws -> Void) rethrows
    -> Recipe
  {
    var recipe = Recipe()
    (recipe.hidden, recipe.epochs, recipe.batchSize, recipe.microBatches) = ([20], 2, 19, 5)
    (recipe.validationSplit, recipe.reduction, recipe.learningRate) = (0.1, reduction, 0.01)
    try change(&recipe)
    return recipe
  }

  private static let changes: [@Sendable (inout Recipe) throws -> Void] = [
    { ($0.clipNorm, $0.ema) = (0.3, 0.9) },
    {
      try $0.set(
        "network", to: "conv 5 3x3, batchnorm, relu, dropout 0.3, dense 9, tanh, dense classes", subject: "")
      try $0.set("class-weights", to: "1,0,3,2", subject: "")
    },
    {
      try $0.set(
        "network",
        to: "conv 8 3x3 pad 1, residual(conv 8 1x1, layernorm), groupnorm 2, dense 90, relu, dense classes",
        subject: "")
      ($0.optimizer, $0.learningRate, $0.augmentation.shift) = (.adamw, 0.002, 1)
    },
  ]

  /// What rank 0 tells of a training whose steps 3 to 10 are traced, over the end of an epoch.
  private struct Told: Equatable {
    var digest: UInt64
    var averaged: UInt64?
    var steps: [StepDigests]
    var losses: [Double]
    var clamped: [Int?]
  }

  private func train(
    _ recipe: Recipe, nodes: [Int] = [0], _ exchange: ExchangeName = .auto, threads: Int = 1,
    atOnce: Int = .max, bucketBytes: Int? = nil
  ) throws -> (told: Told, accumulation: GradientAccumulation?) {
    let results = ThreadedCollective.run(nodes: nodes) { collective in
      let trainer = try Trainer(
        recipe: recipe, dataset: try formulaDataset(samples: 150, shape: [6, 5], classes: 4),
        collective: collective, team: try ThreadTeam(count: threads), exchange: exchange,
        bucketBytes: bucketBytes, microBatchesAtOnce: atOnce)
      trainer.tracedSteps = 3...10
      let recorder = Recorder()
      return (try trainer.train(observer: recorder), recorder)
    }
    for result in results { _ = try result.get() }
    let (result, recorder) = try results[0].get()
    let told = Told(
      digest: result.digest, averaged: result.averaged?.digest, steps: recorder.digests,
      losses: recorder.steps.map(\.loss), clamped: recorder.epochs.map(\.clampedGradients))
    return (told, recorder.starts.first?.accumulation)
  }

  private func passes(ranks: Int, atOnce: Int) -> Int { ((5 + ranks - 1) / ranks + atOnce - 1) / atOnce }

  @Test(arguments: [Reduction.exact, .exact32, .exact16], changes.indices)
  func theSameBits(reduction: Reduction, change: Int) throws {
    let recipe = try Self.recipe(reduction, Self.changes[change])
    let reference = try train(recipe)
    #expect(reference.accumulation == nil && reference.told.steps.count == 8)
    for (atOnce, threads) in [(1, 1), (1, 3), (2, 2), (3, 1), (4, 1)] {
      let run = try train(recipe, threads: threads, atOnce: atOnce)
      #expect(run.told == reference.told, "\(atOnce) at once, \(threads) threads")
      #expect(run.accumulation?.passes == passes(ranks: 1, atOnce: atOnce))
      #expect(run.accumulation?.microBatchesAtOnce == atOnce && run.accumulation?.keepsBits == true)
    }
    // In one of these some ranks have one pass and others two; in another some have no micro-batches.
    for nodes in [[0, 0], [0, 0, 0], [0, 1], [0, 0, 1], [0, 0, 1, 1, 2, 2, 2]] {
      for exchange in [ExchangeName.shared, .allreduce] {
        let (atOnce, threads) = exchange == .shared ? (1, 1) : (2, nodes.count < 7 ? 2 : 1)
        try expectSame(reference.told, recipe, nodes, exchange, threads: threads, atOnce: atOnce)
      }
    }
    try expectSame(reference.told, recipe, [0, 1], .auto, threads: 1, atOnce: 1)
  }

  private func expectSame(
    _ reference: Told, _ recipe: Recipe, _ nodes: [Int], _ exchange: ExchangeName, threads: Int, atOnce: Int
  ) throws {
    let run = try train(recipe, nodes: nodes, exchange, threads: threads, atOnce: atOnce, bucketBytes: 1)
    #expect(run.told == reference, "\(nodes), \(exchange), \(atOnce) at once")
    #expect(run.accumulation?.passes ?? 1 == passes(ranks: nodes.count, atOnce: atOnce))
  }

  /// Without tracing a single rank applies gradients as it sums them, and ranks of a node divide weights: in several
  /// passes they cannot.
  @Test(arguments: Reduction.allCases) func untraced(reduction: Reduction) throws {
    let recipe = Self.recipe(reduction) { $0.hidden = [300] }
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    func digests(_ nodes: [Int], _ exchange: ExchangeName, atOnce: Int) throws -> Set<UInt64> {
      let results = ThreadedCollective.run(nodes: nodes) { collective in
        try Trainer(
          recipe: recipe, dataset: data, collective: collective, team: try ThreadTeam(count: 2),
          exchange: exchange, microBatchesAtOnce: atOnce
        ).train().digest
      }
      return Set(try results.map { try $0.get() })
    }
    let reference = try digests([0], .auto, atOnce: .max)
    for (nodes, exchange) in [
      ([0], ExchangeName.auto), ([0, 0], .shared), ([0, 0], .allreduce), ([0, 1], .auto),
    ] {
      let found = try digests(nodes, exchange, atOnce: 1)
      // Sums in Float promise that ranks agree.
      #expect(reduction == .fast ? found.count == 1 : found == reference, "\(nodes), \(exchange)")
    }
  }

  /// A gradient that cannot be summed, in the first or the second of several passes.
  @Test(arguments: [1, 2, 3], [0, 1]) func failuresOfAnyPass(ranks: Int, microBatch: Int) throws {
    let order = Sampler(datasetCount: 50, batchSize: 50, microBatches: 10, seed: 1).order(epoch: 0)
    let bad = order[5 * microBatch + 2]
    let values = (0..<650).map { (i: Int) -> Float in i / 13 == bad ? 1e30 : Float(i % 7) }
    let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
    let split = Split(
      images: try SampleTable(count: 50, shape: [13], element: .float32, copying: bytes),
      labels: (0..<50).map { Int32($0 % 3) })
    let data = try Dataset(train: split, test: split, name: "large")
    let recipe = Self.recipe(.exact) {
      ($0.batchSize, $0.microBatches, $0.normalize, $0.validationSplit) = (50, 10, .none, 0)
    }
    for exchange in [ExchangeName.shared, .allreduce] {
      let results = ThreadedCollective.run(nodes: (0..<ranks).map { _ in 0 }) { collective in
        try Trainer(
          recipe: recipe, dataset: data, collective: collective, team: try ThreadTeam(count: 1),
          exchange: exchange, microBatchesAtOnce: 1
        ).train()
      }
      for result in results {
        let error = #expect(throws: AgreedError.self) { try result.get() }
        #expect(error?.message.contains("step 1, layers.0: expected gradients of at most") == true)
      }
    }
  }

  /// Ranks of a node without room for shared memory agree on what to do instead, before fewer micro-batches at once.
  @Test(arguments: [ExchangeName.auto, .shared]) func noRoomToShare(exchange: ExchangeName) throws {
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    let results = ThreadedCollective.run(nodes: [0, 0, 1, 1], failingAllocation: 1) { collective in
      let recorder = Recorder()
      _ = try Trainer(
        recipe: Self.recipe(.exact) { $0.microBatches = 16 }, dataset: data, collective: collective,
        team: try ThreadTeam(count: 1), exchange: exchange
      ).train(observer: recorder)
      return recorder.starts.first?.accumulation
    }
    for result in results {
      guard exchange == .shared else {
        #expect(try result.get() == nil)
        continue
      }
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.message.contains("no shared memory is left on n1") == true)
    }
  }
}

extension Recorder {
  fileprivate var starts: [TrainingStart] {
    events.compactMap { if case .start(let start) = $0 { start } else { nil } }
  }
}
