// Stops a training when it is good enough, as a user may press a button, and goes on with it later: to the bits of a
// training that was never stopped.
import LockstepCore

let team = try ThreadTeam(count: 1)
let digits = try Dataset.synthetic(train: 3000, test: 500, collective: SingleProcess(), team: team)
var recipe = Recipe()
(recipe.hidden, recipe.epochs) = ([64], 4)

var training = Training(recipe, on: digits)
(training.output, training.checkpointEvery) = ("resumed", 20)
let job = training.start()
for try await event in job.events {
  switch event {
  case .step(let step) where step.step % 20 == 0: print("step \(step.step): loss \(step.epochLoss)")
  case .epoch(let epoch) where epoch.test.accuracy > 0.8: job.stop()
  case .checkpoint(let path, let step): print("after step \(step) safe in \(path)")
  default: break
  }
}
let stopped = try await job.model
print("stopped at weights", String(stopped.parameters.digest, radix: 16))

// A training of its own: what was stopped stays so.
training = Training(recipe, on: digits)
(training.output, training.resumes) = ("resumed", true)
let resumed = try training.run()
let whole = try Training(recipe, on: digits).run()
print("resumed weights", String(resumed.parameters.digest, radix: 16))
print("weights", String(whole.parameters.digest, radix: 16))
