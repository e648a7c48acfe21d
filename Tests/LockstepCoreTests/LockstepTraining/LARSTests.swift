import LockstepCore
import Testing

/// Layer-wise rates of several tensors. One tensor's steps are compared with another implementation's in
/// GoldenOptimizerTests.
@Suite struct LARSTests {
  private let network = try! Network(
    inputShape: [3, 7, 7],
    specification: LayerSpecification.list(
      "conv 18 3x3, layernorm, relu, flatten, dense 11, relu, dense classes", subject: "network"), classes: 5)
  /// Those of `network.tensors` that are neither biases nor a normalization's.
  private let matrices = [0, 4, 6]

  private func recipe(_ change: (inout Recipe) -> Void = { _ in }) -> Recipe {
    var recipe = Recipe()
    (recipe.optimizer, recipe.weightDecay, recipe.trustCoefficient) = (.lars, 0.01, 0.02)
    change(&recipe)
    return recipe
  }

  private func value(_ tensor: Int, _ element: Int) -> Double {
    tensor == 4 ? 0 : Double(Golden.number(3 + tensor, element))
  }

  /// Weights after a step by gradients of which a dense layer's weights have none.
  private func step(_ recipe: Recipe, threads: Int = 1) throws -> Parameters {
    let parameters = Parameters(network, seed: 4)
    let optimizer = recipe.makeOptimizer(network)
    let count = network.paddedParameterCount
    let sum = GradientSum(paddedParameterCount: count, microBatches: 1, reduction: .exact)
    guard case .exact(let slice, _) = sum.slice(at: 0) else {
      throw GraphReference.Failure(what: "not in doubles")
    }
    for (number, tensor) in network.tensors.enumerated() {
      for element in 0..<tensor.count { slice[tensor.flatIndex(element)] = value(number, element) }
    }
    let team = try ThreadTeam(count: threads)
    let update = optimizer.update(of: parameters, step: 1, learningRate: 0.5)
      .clipped(to: recipe.clipNorm, sum, team: team)
    optimizer.measure(sum, for: update, team: team)
    update.apply(sum, count: count, team: team)
    return parameters
  }

  /// The formula in double; biases and what normalizes go as by SGD without decay.
  @Test(arguments: [nil, 0.5]) func eachTensorHasItsRate(clipNorm: Double?) throws {
    let (initial, found) = (Parameters(network, seed: 4), try step(recipe { $0.clipNorm = clipNorm }))
    func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
    let gradients = network.tensors.enumerated().map { number, tensor in
      (0..<tensor.count).map { value(number, $0) }
    }
    let clip = clipNorm.map { min($0 / norm(gradients.flatMap { $0 }), 1) } ?? 1
    for (number, tensor) in network.tensors.enumerated() {
      let weights = initial.values(of: tensor).map(Double.init)
      let gradient = gradients[number].map { $0 * clip }
      let isMatrix = matrices.contains(number)
      let trust = 0.02 * norm(weights) / (norm(gradient) + 0.01 * norm(weights) + 1e-8)
      let expected = zip(weights, gradient).map { weight, slope in
        let direction =
          isMatrix ? (norm(gradient) > 0 ? trust : 1) * (slope + 0.01 * weight) : slope
        return weight - 0.5 * direction
      }
      #expect(relativeError(found.values(of: tensor).map(Double.init), expected) < 1e-6, "\(tensor.name)")
    }
  }

  /// In a training, however gradients are exchanged, the first step moves a matrix by trust times its gradient's norm:
  /// by so much of its own norm, without decay.
  @Test(
    arguments: [[0], [0, 0, 0], [0, 1, 1]] as [[Int]], [ExchangeName.auto, .allreduce])
  func trainingsMeasureNorms(nodes: [Int], exchange: ExchangeName) throws {
    let found = try ThreadedCollective.run(nodes: nodes) { collective in
      var recipe = recipe { ($0.weightDecay, $0.epsilon, $0.learningRate) = (0, 1e-30, 0.5) }
      (recipe.hidden, recipe.batchSize) = ([40], 30)
      let trainer = try Trainer(
        recipe: recipe, dataset: try formulaDataset(samples: 60, features: 20, classes: 5),
        collective: collective,
        team: try ThreadTeam(count: 1), exchange: exchange)
      let initial = trainer.parameters.copy
      _ = try trainer.advance()
      func norm(_ values: [Double]) -> Double { values.reduce(0) { $0 + $1 * $1 }.squareRoot() }
      let moves = trainer.network.tensors.filter { $0.shape.count > 1 }.map { tensor in
        let before = initial.values(of: tensor).map(Double.init)
        return norm(zip(trainer.parameters.values(of: tensor), before).map { Double($0) - $1 }) / norm(before)
      }
      return (moves: moves, digest: trainer.parameters.digest)
    }.map { try $0.get() }
    #expect(
      found.allSatisfy { $0.moves.count == 2 && $0.moves.allSatisfy { abs($0 / (0.5 * 0.02) - 1) < 1e-4 } })
    #expect(Set(found.map(\.digest)).count == 1)
  }

  @Test func threadsChangeNoBit() throws {
    let reference = try step(recipe()).digest
    for threads in [2, 3] { #expect(try step(recipe(), threads: threads).digest == reference) }
    #expect(try step(recipe { $0.trustCoefficient = 0.021 }).digest != reference)
  }

  /// What is normalized by its weights' norm does not depend on the gradient's scale.
  @Test func largeGradientsMoveNoFurther() throws {
    let tensor = network.tensors[0]
    let one = recipe { ($0.weightDecay, $0.epsilon) = (0, 1e-30) }
    let clipped = recipe { ($0.weightDecay, $0.epsilon, $0.clipNorm) = (0, 1e-30, 0.001) }
    let (a, b) = (try step(one).values(of: tensor), try step(clipped).values(of: tensor))
    #expect(relativeError(a.map(Double.init), b.map(Double.init)) < 1e-6)
  }
}
