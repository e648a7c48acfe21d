// A network with a layer of its own beside the library's, on digits that the library draws.
import LockstepCore

var recipe = Recipe()
recipe.network = [
  .conv(outputs: 6, size: 5, stride: 2, padding: 0), try .layer(PReLU.self, 0.1), .flatten,
  .dense(outputs: nil),
]
(recipe.epochs, recipe.optimizer) = (2, .adam)
let team = try ThreadTeam(count: 1)
let digits = try Dataset.synthetic(train: 2000, test: 500, collective: SingleProcess(), team: team)
let training = Training(recipe, on: digits)
let model = try training.run { event in
  if case .epoch(let epoch) = event { print("epoch \(epoch.epoch): test accuracy \(epoch.test.accuracy)") }
}
print(model.network.table)

// A file names the layer by its keyword; `Layer`s must be known before it is read.
try model.write(to: "prelu.safetensors")
let digest = try Model(path: "prelu.safetensors").parameters.digest
print("weights", String(digest, radix: 16))
