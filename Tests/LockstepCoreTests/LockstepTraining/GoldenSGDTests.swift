import LockstepCore
import Testing

/// Ten steps of SGD against PyTorch: see Tests/Golden/sgd_steps.py, which wrote the numbers and has random numbers,
/// order and initial weights of its own.
@Suite struct GoldenSGDTests {
  struct File: Decodable {
    struct Case: Decodable {
      let hidden: [Int]
      let initial: [[Float]]
      let losses: [Double]
      let gradients: [[Double]]
      let final: [[Double]]
    }
    let samples: Int
    let features: Int
    let classes: Int
    let seed: UInt64
    let batchSize: Int
    let steps: Int
    let lr: Double
    let momentum: Double
    let weightDecay: Double
    let firstEpoch: [Int]
    let secondEpoch: [Int]
    let cases: [Case]

    func recipe(_ golden: Case, steps: Int, reduction: Reduction) -> Recipe {
      var recipe = Recipe()
      recipe.model = golden.hidden.isEmpty ? .linear : .mlp
      recipe.hidden = golden.hidden
      recipe.seed = seed
      recipe.batchSize = batchSize
      recipe.maxSteps = steps
      recipe.learningRate = lr
      recipe.momentum = momentum
      recipe.weightDecay = weightDecay
      recipe.schedule = .constant
      recipe.normalize = .none
      recipe.reduction = reduction
      return recipe
    }
  }

  /// A trainer that has made so many steps, and what it told.
  private func train(
    _ golden: File, _ expected: File.Case, steps: Int, reduction: Reduction = .exact
  ) throws -> (Trainer, Recorder) {
    // Two ranks that allreduce, because otherwise the summed gradient is nowhere written.
    let results = ThreadedCollective.run(nodes: [0, 0]) { collective in
      let dataset = try formulaDataset(
        samples: golden.samples, features: golden.features, classes: golden.classes)
      let trainer = try Trainer(
        recipe: golden.recipe(expected, steps: steps, reduction: reduction), dataset: dataset,
        collective: collective, team: try ThreadTeam(count: 2), exchange: .allreduce)
      let recorder = Recorder()
      _ = try trainer.train(observer: recorder)
      return (trainer, recorder)
    }
    return try results[0].get()
  }

  @Test func initialWeightsAndOrderAreEqual() throws {
    let golden: File = try Golden.load("sgd_steps.json")
    #expect(golden.cases.count == 2)
    for expected in golden.cases {
      let (trainer, _) = try train(golden, expected, steps: 0)
      #expect(trainer.network.tensors.map(trainer.parameters.values) == expected.initial)
      for (epoch, samples) in [golden.firstEpoch, golden.secondEpoch].enumerated() {
        let order = trainer.sampler.order(epoch: epoch)
        #expect((0..<golden.samples).map { order[$0] } == samples)
      }
    }
  }

  /// On integer grids some of the gradients of such small batches would be cut off.
  @Test(arguments: [Reduction.exact, .fast])
  func gradientsLossesAndWeightsAreClose(reduction: Reduction) throws {
    let golden: File = try Golden.load("sgd_steps.json")
    for expected in golden.cases {
      let (first, _) = try train(golden, expected, steps: 1, reduction: reduction)
      for (tensor, gradient) in zip(first.network.tensors, expected.gradients) {
        #expect(relativeError(first.gradient.values(of: tensor), gradient) <= 1e-5, "\(tensor.name)")
      }
      let (last, recorder) = try train(golden, expected, steps: golden.steps, reduction: reduction)
      let losses = recorder.steps.map(\.loss)
      #expect(losses.count == golden.steps)
      for (loss, golden) in zip(losses, expected.losses) { #expect(abs(loss - golden) <= 1e-5 * golden) }
      for (tensor, final) in zip(last.network.tensors, expected.final) {
        let values = last.parameters.values(of: tensor).map(Double.init)
        #expect(relativeError(values, final) <= 1e-5, "\(tensor.name)")
      }
    }
  }
}
