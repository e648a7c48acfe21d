// Numbers instead of classes, by a loss of its own: targets of which one in ten is wrong hardly mislead it.
import LockstepCore

/// Huber's loss (1964): the square of a small error, the magnitude of a large one.
enum Huber: Loss {
  static let name = "huber"

  static func evaluate(_ outputs: [Float], _ target: LossTarget, gradient: inout [Float]) -> Double {
    var sum = 0.0
    for (place, value) in target.values.enumerated() {
      let error = outputs[place] - value
      sum += abs(error) <= 1 ? Double(error * error) / 2 : Double(abs(error)) - 0.5
      gradient[place] = max(-1, min(error, 1))
    }
    return sum
  }
}

/// Samples [x, y] of a grid, and 3 x - y, but for outliers among the first half.
func samples(_ side: Int, outliers: Bool) -> (images: [[Float]], targets: [[Double]]) {
  let points = (0..<side * side).map { [Float($0 % side) / Float(side), Float($0 / side) / Float(side)] }
  let targets = points.enumerated().map { number, point in
    [Double(3 * point[0] - point[1]) + (outliers && number % 10 == 0 ? 30 : 0)]
  }
  return (points, targets)
}

try LossRegistry.register(Huber.self)
let (train, test) = (samples(40, outliers: true), samples(15, outliers: false))
let data = try Dataset(images: train.images, targets: train.targets, test: test, name: "grid")
for loss in ["mse", Huber.name] {
  var recipe = Recipe()
  (recipe.network, recipe.loss) = ([.dense(outputs: 16), .tanh, .dense(outputs: nil)], loss)
  // The loss's bound of 1 is then one of the targets' own unit.
  recipe.normalizeTargets = .none
  (recipe.epochs, recipe.optimizer, recipe.learningRate) = (30, .adam, 0.01)
  _ = try Training(recipe, on: data).run { event in
    if case .end(let result) = event { print(loss, "mean error", result.test.errors!.meanAbsolute) }
  }
}
