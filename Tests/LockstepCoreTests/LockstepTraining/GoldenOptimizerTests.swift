import LockstepCore
import Testing

/// Ten steps of each optimizer against PyTorch: see Tests/Golden/optimizers.py.
@Suite struct GoldenOptimizerTests {
  struct Case: Decodable, CustomTestStringConvertible {
    let config: [String: String]
    let steps: [[Double]]
    var testDescription: String {
      config.sorted { $0.key < $1.key }.map { "\($0.key) \($0.value)" }.joined(separator: ", ")
    }
  }

  private static let cases: [Case] = try! Golden.load("optimizers.json")

  /// As optimizers.py has it: of every size, and some that are always 0.
  private func gradient(step: Int, index: Int) -> Double {
    let sizes = [1, 1e-1, 1e-2, 1e-3, 1e-4, 1e-5, 1e-6]
    return index % 8 == 7 ? 0 : sizes[index % 7] * Double(Golden.number(10 + step, index))
  }

  @Test(arguments: Self.cases, [Reduction.exact, .fast])
  func stepsAreClose(golden: Case, reduction: Reduction) throws {
    var recipe = Recipe()
    for (key, value) in golden.config { try recipe.set(key, to: value, subject: key) }
    let count = golden.steps[0].count
    let network = Network(inputShape: [count], specification: [.dense(outputs: 1)])
    let weight = network.tensors[0]
    let parameters = Parameters(network)
    parameters.set(weight, to: Golden.numbers(1, count: count))
    let initial = parameters.values(of: weight).map(Double.init)
    let optimizer = recipe.makeOptimizer(network)
    let sum = GradientSum(
      paddedParameterCount: network.paddedParameterCount, microBatches: 1, reduction: reduction)
    let team = try ThreadTeam(count: 2)
    for (step, expected) in golden.steps.enumerated() {
      for index in 0..<count {
        let value = gradient(step: step, index: index)
        switch sum.slice(at: 0) {
        case .exact(let slice, _): slice[weight.flatIndex(index)] = value
        case .fast(let slice): slice[weight.flatIndex(index)] = Float(value)
        case .applied, .grid: Issue.record("nothing is applied or has grids")
        }
      }
      let update = optimizer.update(
        of: parameters, step: step + 1, learningRate: Float(recipe.learningRate)
      ).clipped(to: recipe.clipNorm, sum, team: team)
      optimizer.measure(sum, for: update, team: team)
      update.apply(sum, count: parameters.count, team: team)
      let found = parameters.values(of: weight).map(Double.init)
      #expect(relativeError(found, expected) <= 1e-6, "step \(step + 1)")
      // How far the weights have gone, in which a wrong step shows more.
      #expect(
        relativeError(zip(found, initial).map(-), zip(expected, initial).map(-)) <= 1e-5, "step \(step + 1)")
    }
    #expect(golden.steps.count == 10)
  }
}
