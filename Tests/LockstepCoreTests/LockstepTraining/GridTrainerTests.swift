import LockstepCore
import Testing

/// Training on integer grids where gradients do not fit them.
@Suite struct GridTrainerTests {
  private static let reductions = [Reduction.exact32, .exact16]

  private func recipe(_ reduction: Reduction) -> Recipe {
    var recipe = Recipe()
    (recipe.hidden, recipe.epochs, recipe.batchSize, recipe.normalize) = ([20], 2, 10, .none)
    (recipe.reduction, recipe.validationSplit, recipe.learningRate) = (reduction, 0, 0.001)
    return recipe
  }

  /// Fifty samples of which one has such pixels.
  private static let bad = 17
  private func data(_ pixel: Float) throws -> Dataset {
    let values = (0..<50 * 13).map { $0 / 13 == Self.bad ? pixel : Float($0 % 7) }
    let bytes = values.flatMap { value in withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) } }
    let labels = (0..<50).map { Int32($0 % 3) }
    let train = Split(
      images: try SampleTable(count: 50, shape: [13], element: .float32, copying: bytes), labels: labels)
    let some = Array(bytes[..<(10 * 13 * 4)])
    let test = Split(
      images: try SampleTable(count: 10, shape: [13], element: .float32, copying: some),
      labels: Array(labels[..<10]))
    return try Dataset(train: train, test: test, name: "odd")
  }

  private func train(nodes: [Int], _ recipe: Recipe, _ data: Dataset, exchange: ExchangeName = .auto)
    -> [Result<(TrainingResult, [EpochReport]), any Error>]
  {
    ThreadedCollective.run(nodes: nodes) { collective in
      let recorder = Recorder()
      let result = try Trainer(
        recipe: recipe, dataset: data, collective: collective, team: try ThreadTeam(count: 2),
        exchange: exchange
      ).train(observer: recorder)
      return (result, recorder.epochs)
    }
  }

  /// What does not fit is cut off and counted, on any number of ranks alike.
  @Test(arguments: reductions) func aLargeGradientIsCutOff(reduction: Reduction) throws {
    let data = try data(1e5)
    let (expected, epochs) = try train(nodes: [0], recipe(reduction), data)[0].get()
    let clamped = try epochs.map { try #require($0.clampedGradients) }
    #expect(clamped[0] > 0, "\(clamped)")
    for nodes in [[0, 0], [0, 0, 0], [0, 1], [0, 0, 1], [0, 0, 1, 1, 2]] {
      for exchange in [ExchangeName.auto, .shared, .allreduce] {
        let results = try train(nodes: nodes, recipe(reduction), data, exchange: exchange).map {
          try $0.get()
        }
        #expect(results.allSatisfy { $0.0.digest == expected.digest }, "\(nodes), \(exchange)")
        // Rank 0 reports.
        #expect(results[0].1.map(\.clampedGradients) == clamped, "\(nodes), \(exchange)")
      }
    }
  }

  @Test(arguments: [Reduction.exact, .fast]) func othersCountNothing(reduction: Reduction) throws {
    let (_, epochs) = try train(nodes: [0], recipe(reduction), try data(1))[0].get()
    #expect(epochs.map(\.clampedGradients) == [nil, nil])
  }

  /// NaN has no place on a grid: all ranks stop after the same step with the same error.
  @Test(arguments: reductions) func whatIsNotFiniteStopsAllRanks(reduction: Reduction) throws {
    var recipe = recipe(reduction)
    recipe.learningRate = 1e6
    try recipe.set(
      "network", to: "dense 20, leakyrelu 0.5, dense 20, leakyrelu 0.5, dense classes", subject: "test")
    let data = try data(1)
    var texts: Set<String> = []
    for nodes in [[0], [0, 0], [0, 1], [0, 0, 1, 1, 2]] {
      for exchange in [ExchangeName.auto, .allreduce] {
        for result in train(nodes: nodes, recipe, data, exchange: exchange) {
          let error = #expect(throws: AgreedError.self) { try result.get() }
          #expect(error?.exitStatus == 1)
          let message = error?.message ?? ""
          let text = message.firstMatch(
            of: #/step [0-9]+, layers\.[0-9]: expected finite gradients, found NaN/#)
          texts.insert(text.map { String($0.output) } ?? "another message: \(message)")
        }
      }
    }
    #expect(texts.count == 1 && texts.allSatisfy { !$0.hasPrefix("another") }, "\(texts)")
  }
}
