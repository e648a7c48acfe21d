import LockstepCore
import Testing

/// Digests of traced steps: the same however ranks divide and exchange the work, of which they change no bit.
@Suite struct StepDigestsTests {
  private static let layouts = [
    [0, 0], [0, 0, 0], [0, 1], [0, 0, 1], [0, 0, 1, 1, 2], [0, 0, 0, 0, 1, 1, 1],
  ]

  private static func recipe(_ reduction: Reduction, _ change: (inout Recipe) -> Void = { _ in }) -> Recipe {
    var recipe = Recipe()
    (recipe.hidden, recipe.epochs, recipe.batchSize) = ([20], 2, 37)
    (recipe.validationSplit, recipe.reduction) = (0.1, reduction)
    change(&recipe)
    return recipe
  }

  /// What rank 0 tells; steps 2 to 6 of 8 are traced, over the end of an epoch.
  private func train(
    _ recipe: Recipe, nodes: [Int] = [0], _ exchange: ExchangeName = .auto, threads: Int = 1,
    traced: ClosedRange<Int>? = 2...6
  ) throws -> (digest: UInt64, steps: [StepDigests]) {
    let results = ThreadedCollective.run(nodes: nodes) { collective in
      let trainer = try Trainer(
        recipe: recipe, dataset: try formulaDataset(samples: 150, shape: [6, 5], classes: 4),
        collective: collective, team: try ThreadTeam(count: threads), exchange: exchange)
      trainer.tracedSteps = traced
      let recorder = Recorder()
      return (try trainer.train(observer: recorder).digest, recorder)
    }
    let (digest, recorder) = try results[0].get()
    return (digest, recorder.digests)
  }

  private func expectOneTrace(_ recipe: Recipe) throws {
    let expected = try train(recipe)
    #expect(expected.steps.map(\.step) == [2, 3, 4, 5, 6])
    #expect(expected.steps.map(\.epoch) == [1, 1, 1, 2, 2])
    #expect(try train(recipe, traced: nil) == (expected.digest, []))
    #expect(try train(recipe, threads: 3) == expected)
    for nodes in Self.layouts {
      for exchange in [ExchangeName.shared, .allreduce, .auto] {
        #expect(try train(recipe, nodes: nodes, exchange) == expected, "\(nodes), \(exchange)")
      }
    }
    for (first, second) in zip(expected.steps, expected.steps.dropFirst()) {
      #expect(first.tensors.map(\.after) == second.tensors.map(\.before))
      #expect(first.batch != second.batch && first.loss != second.loss)
      #expect(zip(first.tensors, second.tensors).allSatisfy { $0.gradient != $1.gradient })
    }
  }

  @Test(arguments: [Reduction.exact, .exact32, .exact16]) func dense(reduction: Reduction) throws {
    try expectOneTrace(Self.recipe(reduction))
  }

  @Test(arguments: [Reduction.exact, .exact32, .exact16]) func convolution(reduction: Reduction) throws {
    try expectOneTrace(
      Self.recipe(reduction) {
        $0.network = ["conv 5 3x3", "relu", "dropout 0.3", "dense 9", "tanh", "dense classes"].map {
          LayerSpecification($0)!
        }
        ($0.optimizer, $0.learningRate, $0.augmentation.shift) = (.adamw, 0.002, 1)
      })
  }

  /// Without the promise a trace still leaves each layout's own bits alone.
  @Test func fastReductionStaysAsItIs() throws {
    for nodes in [[0]] + Self.layouts {
      for exchange in [ExchangeName.shared, .allreduce] {
        let traced = try train(Self.recipe(.fast), nodes: nodes, exchange)
        let plain = try train(Self.recipe(.fast), nodes: nodes, exchange, traced: nil)
        #expect(traced.digest == plain.digest, "\(nodes), \(exchange)")
        #expect(traced.steps.count == 5)
      }
    }
  }

  /// NaN is larger than infinity here, and a value is its bits.
  @Test func whatIsNoNumberIsSeen() {
    #expect(ValuesDigest(name: "w", [1, -3, 2]).largest == 3)
    #expect(ValuesDigest(name: "w", [1, -.infinity, 2]).largest == .infinity)
    #expect(ValuesDigest(name: "w", [.infinity, -.nan, 2]).largest.isNaN)
    #expect(ValuesDigest(name: "w", []).largest == 0)
    #expect(ValuesDigest(name: "w", [0]) != ValuesDigest(name: "w", [-0.0]))
    #expect(ValuesDigest(name: "w", [0]) != ValuesDigest(name: "v", [0]))
  }

  @Test func stepsToTrace() {
    #expect(TracedSteps(text: "10")?.steps(after: 0) == 1...10)
    #expect(TracedSteps(text: "10")?.steps(after: 7) == 8...17)
    #expect(TracedSteps(text: "100-120")?.steps(after: 7) == 100...120)
    #expect(TracedSteps(text: "3-3")?.steps(after: 0) == 3...3)
    for text in ["", "0", "-1", "0-4", "5-3", "1-", "-", "1-2-3", "ten", "1.5", "1e3", "9999999999999999"] {
      #expect(TracedSteps(text: text) == nil, "\(text)")
    }
  }
}

extension Recorder {
  var digests: [StepDigests] {
    events.compactMap { if case .digests(let digests) = $0 { digests } else { nil } }
  }
}
