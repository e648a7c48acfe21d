import LockstepCore
import Testing

/// One rank applies each gradient while it is made; several write it, sum it and apply it then. The weights must be the
/// same to the bit, and what is no weight must stay zero.
@Suite struct FusedUpdateTests {
  static let problems = [
    Problem([21], "dense 35, relu, dense 4", samples: 26),
    Problem([6], "dense 20, relu, dense 37, relu, dense 50, relu, dense 15", samples: 39),
    Problem(
      [2, 9, 8],
      "conv 5 3x3 pad 1, tanh, maxpool 2, conv 19 2x2 stride 2 pad 1, sigmoid, dropout2d 0.25, flatten, dense 18, "
        + "tanh, dropout 0.5, dense 3", samples: 26),
    // Groups of inputs that are 0 in all samples, which the kernels leave out.
    Problem([64], "dense 40, relu, dense 4", samples: 26) { $0 / 4 % 4 == 1 },
    // Gradients over 4, for which the kernels have no short cut.
    Problem([7, 6], "conv 20 3x3, relu, conv 3 2x2, dense 3", samples: 26, scale: 100),
  ]

  static let optimizers: [[String: String]] = [
    ["momentum": "0"], ["momentum": "0.9"], ["momentum": "0.9", "weight-decay": "0.01"],
    ["momentum": "0.8", "nesterov": "true", "weight-decay": "0.01"], ["optimizer": "adam"],
    ["optimizer": "adam", "weight-decay": "0.01"], ["optimizer": "adamw", "weight-decay": "0.1"],
    ["optimizer": "rmsprop"], ["optimizer": "rmsprop", "momentum": "0.9", "weight-decay": "0.01"],
  ]

  private func recipe(_ options: [String: String], _ microBatches: Int, _ reduction: Reduction) throws
    -> Recipe
  {
    var recipe = Recipe()
    for (key, value) in options { try recipe.set(key, to: value, subject: key) }
    (recipe.microBatches, recipe.reduction, recipe.learningRate) = (microBatches, reduction, 0.01)
    return recipe
  }

  @Test(arguments: optimizers, Reduction.allCases)
  func equalsWrittenThenApplied(options: [String: String], reduction: Reduction) throws {
    for (number, problem) in Self.problems.enumerated() {
      for microBatches in [1, 4, 9, 12] {
        let recipe = try recipe(options, microBatches, reduction)
        let expected = try problem.train(recipe, steps: 3, fused: false).0
        for threads in [1, 3] {
          let found = try problem.train(recipe, steps: 3, fused: true, threads: threads).0
          #expect(
            Bits(Array(UnsafeBufferPointer(start: found.pointer, count: found.count)))
              == Bits(Array(UnsafeBufferPointer(start: expected.pointer, count: expected.count))),
            "problem \(number), \(microBatches) micro-batches, \(threads) threads")
        }
        #expect((0..<expected.count).allSatisfy { expected.pointer[$0].isFinite })
        #expect(expected.digest != Parameters(problem.network, seed: recipe.seed).digest)
      }
    }
  }

  /// The problems reach what they are for: small sums, and some that are not.
  @Test func someGradientsAreLarge() throws {
    let largest = try Self.problems.map { try $0.step(microBatches: 1).gradient.joined().map(abs).max()! }
    #expect(largest.map { $0 > 4 } == [false, false, false, false, true], "\(largest)")
  }

  /// Between a layer's features lies padding up to the panels of 16, which every kernel works on as well.
  @Test(arguments: problems.indices, optimizers)
  func paddingStaysZero(problem: Int, options: [String: String]) throws {
    try checkPadding(of: Self.problems[problem], options)
  }

  /// After every kind of layer, too.
  @Test(arguments: ExampleNetworks.all.indices) func paddingAfterEveryLayerStaysZero(index: Int) throws {
    let example = ExampleNetworks.all[index]
    try checkPadding(of: Problem(example.shape, example.layers, samples: 26), ["momentum": "0.9"])
  }

  private func checkPadding(of problem: Problem, _ options: [String: String]) throws {
    let network = problem.network
    let (parameters, workspace) = try problem.train(try recipe(options, 4, .exact), steps: 4, fused: true)
    let layouts = [network.input] + FusionPlan(network).units.map(\.layer.output)
    for (number, layout) in layouts.enumerated() {
      let features = Set((0..<layout.features).map(layout.position))
      for values in [workspace.activations[number], workspace.gradients[number]] where values.features > 0 {
        for sample in 0..<problem.count {
          let isZero = (0..<values.stride).allSatisfy {
            features.contains($0) || values.row(sample)[$0] == 0
          }
          #expect(isZero, "padding after \(number) layers of sample \(sample)")
        }
      }
    }
    let places = Set(network.savedTensors.flatMap { tensor in (0..<tensor.count).map(tensor.flatIndex) })
    #expect((0..<parameters.count).allSatisfy { places.contains($0) || parameters.pointer[$0] == 0 })
    #expect(places.count < parameters.count)
  }
}
