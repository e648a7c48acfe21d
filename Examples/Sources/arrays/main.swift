import LockstepCore

// Points of a square, which are in a disc or not.
func point(_ n: Int) -> [Float] { [Float(n * 37 % 101) / 50 - 1, Float(n * 53 % 103) / 51 - 1] }
func isInside(_ p: [Float]) -> Bool { p[0] * p[0] + p[1] * p[1] < 0.6 }
let points = (0..<2000).map(point)
let labels = points.map { isInside($0) ? 1 : 0 }

var recipe = Recipe()
recipe.network = [.dense(outputs: 32), .relu, .dense(outputs: 16), .relu, .dense(outputs: nil)]
(recipe.epochs, recipe.validationSplit) = (20, 0.1)
let model = try Training(recipe, on: Dataset(images: points, labels: labels)).run { event in
  if case .epoch(let epoch) = event { print(epoch.epoch, epoch.trainLoss, epoch.validation!.accuracy) }
}
try model.write(to: "disc.safetensors")
let same = try Model(path: "disc.safetensors")
for probabilities in try same.predict([[0, 0], [0.9, 0.9]]) { print(probabilities) }
