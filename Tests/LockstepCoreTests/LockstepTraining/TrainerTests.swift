import LockstepCore
import Testing

@Suite struct TrainerTests {
  private static func recipe(_ change: (inout Recipe) -> Void = { _ in }) -> Recipe {
    var recipe = Recipe()
    recipe.hidden = [20]
    recipe.epochs = 2
    recipe.batchSize = 37
    recipe.validationSplit = 0.1
    recipe.milestones = [1]
    change(&recipe)
    return recipe
  }

  /// What training on several ranks comes to, by rank; odd ranks have two threads.
  private func train(
    ranks: Int, _ recipe: Recipe, _ data: Dataset, exchange: ExchangeName = .auto
  ) -> [Result<TrainingResult, any Error>] {
    ThreadedCollective.run(nodes: (0..<ranks).map { $0 / 2 }) { collective in
      try Trainer(
        recipe: recipe, dataset: data, collective: collective,
        team: try ThreadTeam(count: 1 + collective.rank % 2), exchange: exchange
      ).train()
    }
  }

  /// Two ranks a node, and where their number is odd one on the last: its node has fewer, and the other's second rank
  /// no slice.
  @Test(arguments: Reduction.allCases)
  func everyExchangeGivesOneDigest(reduction: Reduction) throws {
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    let recipe = Self.recipe {
      $0.reduction = reduction
      $0.optimizer = .adamw
      $0.learningRate = 0.002
      $0.weightDecay = 0.1
      $0.keepBest = true
    }
    for ranks in [2, 3, 4, 7] {
      let results = try [ExchangeName.allreduce, .shared, .auto].flatMap { exchange in
        try train(ranks: ranks, recipe, data, exchange: exchange).map { try $0.get() }
      }
      // The fast reduction's order is the exchange's own: its ranks agree among themselves.
      let parts =
        reduction != .fast ? [results] : (0..<3).map { Array(results[$0 * ranks..<($0 + 1) * ranks]) }
      for part in parts { #expect(Set(part.map(\.digest)).count == 1) }
      if reduction != .fast {
        #expect(results[0].digest == (try train(ranks: 1, recipe, data)[0].get().digest))
      }
    }
  }

  /// The promise: equal weights and equal test results, whatever the number of ranks.
  @Test func anyNumberOfRanksGivesOneDigest() throws {
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    let results = try [1, 2, 3, 4, 7].flatMap { ranks in
      try train(ranks: ranks, Self.recipe(), data).map { try $0.get() }
    }
    #expect(results.count == 17)
    #expect(Set(results.map(\.digest)).count == 1)
    #expect(results.allSatisfy { $0.test == results[0].test && $0.steps == 8 })
    #expect(results[0].test.count == 20)
  }

  @Test func theRecipeDecidesTheDigest() throws {
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    let changes: [(inout Recipe) -> Void] = [
      { _ in }, { $0.seed = 2 }, { $0.microBatches = 5 }, { $0.batchSize = 36 }, { $0.learningRate = 0.021 },
      { $0.momentum = 0.8 }, { $0.weightDecay = 0.1 }, { $0.schedule = .cosine }, { $0.warmupSteps = 5 },
      { $0.validationSplit = 0 }, { $0.normalize = .none }, { $0.epochs = 3 }, { $0.maxSteps = 7 },
      { $0.hidden = [20, 20] }, { $0.reduction = .fast },
      { $0.reduction = .exact32 }, { $0.reduction = .exact16 },
    ]
    let digests = try changes.map { try train(ranks: 1, Self.recipe($0), data)[0].get().digest }
    #expect(Set(digests).count == changes.count)
  }

  /// The fast reduction promises that the ranks of one run agree.
  @Test func fastReductionKeepsReplicasEqual() throws {
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    let results = try train(ranks: 3, Self.recipe { $0.reduction = .fast }, data).map { try $0.get() }
    #expect(Set(results.map(\.digest)).count == 1)
  }

  /// Labels that follow the pixels are learned; the reports add up.
  @Test func learnsAndReports() throws {
    let data = try formulaDataset(
      samples: 150, features: 13, classes: 3, pixel: { s, f in f % 3 == s % 3 ? 200 + s % 50 : s * f % 90 },
      label: { $0 })
    let recorder = Recorder()
    let result = try Trainer(
      recipe: Self.recipe { ($0.epochs, $0.milestones) = (6, []) }, dataset: data,
      collective: SingleProcess(),
      team: try ThreadTeam(count: 1)
    ).train(observer: recorder)
    #expect(result.test.accuracy == 1)
    #expect(recorder.steps.map(\.step) == Array(1...24))
    #expect(recorder.steps.map(\.epoch) == (1...6).flatMap { [$0, $0, $0, $0] })
    #expect(recorder.epochs.map(\.step) == [4, 8, 12, 16, 20, 24])
    #expect(recorder.epochs.allSatisfy { $0.validation?.count == 15 && $0.test.count == 20 })
    #expect(recorder.epochs.last?.test == result.test)
    #expect(recorder.epochs[5].trainLoss < recorder.epochs[0].trainLoss / 2)
    let ends = [recorder.events.first, recorder.events.last].map { $0.map { "\($0)".prefix(5) } }
    #expect(ends == ["start", "end(L"])
  }

  @Test func noStepsSaveTheInitialWeights() throws {
    let data = try formulaDataset(samples: 50, features: 13, classes: 3)
    let trainer = try Trainer(
      recipe: Self.recipe { $0.maxSteps = 0 }, dataset: data, collective: SingleProcess(),
      team: try ThreadTeam(count: 1))
    #expect(try trainer.train().digest == Parameters(trainer.network, seed: 1).digest)
  }

  /// One sample is far too large. The rank that meets it names step and layer, and all ranks stop with the same error.
  @Test(arguments: [1, 2, 5])
  func aGradientThatCannotBeSummedStopsAllRanks(ranks: Int) throws {
    let bad = 17
    let values = (0..<50 * 13).map { $0 / 13 == bad ? Float(1e30) : Float($0 % 7) }
    let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
    let split = Split(
      images: try SampleTable(count: 50, shape: [13], element: .float32, copying: bytes),
      labels: (0..<50).map { Int32($0 % 3) })
    let data = try Dataset(train: split, test: split, name: "large")
    let recipe = Self.recipe {
      $0.batchSize = 10
      $0.normalize = .none
      $0.validationSplit = 0
    }
    let order = Sampler(datasetCount: 50, batchSize: 10, microBatches: 4, seed: 1).order(epoch: 0)
    let step = (0..<50).first { order[$0] == bad }! / 10 + 1
    for result in train(ranks: ranks, recipe, data) {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.exitStatus == 1, "\(error?.message ?? "")")
      #expect(error?.message.contains("step \(step), layers.0: expected gradients of at most 512.0") == true)
      if ranks == 5 { #expect(error?.message.hasPrefix("rank \(error?.rank ?? -1) on n") == true) }
    }
  }

  /// A replica that drifts is found at the end of the epoch, and named by the first rank that has it, with the
  /// tensor. The majority is right; ranks of a node that share parameters count once.
  @Test(arguments: [
    ([0, 0, 1], 1, ExchangeName.allreduce, "rank 1 on n0"),
    ([0, 0, 1], 0, .allreduce, "rank 0 on n0"),
    ([0, 1, 1, 2], 3, .allreduce, "rank 3 on n2"),
    ([0, 0, 1, 1], 2, .shared, "rank 2 on n1"),
    ([0, 0, 0, 1, 2], 0, .shared, "rank 0 on n0"),
  ])
  func aReplicaThatDiffersIsNamed(nodes: [Int], rank: Int, exchange: ExchangeName, name: String) throws {
    let data = try formulaDataset(samples: 50, features: 13, classes: 3)
    let results = ThreadedCollective.run(nodes: nodes) { collective in
      let trainer = try Trainer(
        recipe: Self.recipe(), dataset: data, collective: collective, team: try ThreadTeam(count: 1),
        exchange: exchange)
      let tensor = trainer.network.tensors[2]
      #expect(tensor.name == "layers.2.weight")
      if collective.rank == rank { trainer.parameters.pointer[tensor.flatIndex(0)] += 0.001 }
      return try trainer.train()
    }
    for result in results {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.message.hasPrefix("\(name): ") == true, "\(error?.message ?? "")")
      #expect(error?.message.contains("layers.2.weight differs after step ") == true)
    }
  }
}
