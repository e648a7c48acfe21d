import Foundation
import LockstepCore
import Testing

/// A checkpoint that cannot be written: training goes on, and tells what is safe.
@Suite struct CheckpointWriterTests {
  private func train(obstacleAfter step: Int, until end: Int, maxSteps: Int? = nil) throws -> (
    warnings: [String], error: String?, last: Result<String?, any Error>
  ) {
    var recipe = Recipe()
    (recipe.hidden, recipe.epochs, recipe.batchSize, recipe.maxSteps) = ([5], 2, 10, maxSteps)
    let scratch = try TemporaryDirectory()
    let directory = CheckpointDirectory(path: scratch.path + "/checkpoints")
    let writer = try CheckpointWriter(directory: directory, every: 1, keep: 3, safe: nil) {
      // From this step on a file is where the directory was.
      guard directory.steps.last == step else { return }
      try FileManager.default.moveItem(atPath: directory.path, toPath: scratch.path + "/away")
      _ = try scratch.write([], as: "checkpoints")
    }
    let trainer = try Trainer(
      recipe: recipe, dataset: try formulaDataset(samples: 50, features: 13, classes: 3),
      collective: SingleProcess(), team: try ThreadTeam(count: 1))
    trainer.shouldStop = { $0 == end }
    let recorder = Recorder()
    var told: String?
    do { _ = try trainer.train(observer: recorder, checkpoints: writer) } catch { told = "\(error)" }
    let warnings = recorder.events.compactMap { if case .warning(let text) = $0 { text } else { nil } }
    return (warnings, told, Result { try writer.lastResult() })
  }

  @Test func trainingGoesOn() throws {
    let (warnings, error, last) = try train(obstacleAfter: 2, until: 99)
    #expect(error == nil)
    // Steps 3 to 9; that of step 10, the last, is told as an error.
    #expect(warnings.count == 7)
    for warning in warnings {
      #expect(warning.contains("a file of that name"))
      #expect(
        warning.hasSuffix("/checkpoints/step-00000002.safetensors is the newest checkpoint that is safe"))
    }
    let failure = #expect(throws: LockstepError.self) { try last.get() }
    #expect(failure?.kind == .failure && failure?.description.contains("step-00000002.safetensors") == true)
  }

  @Test func aStopWithoutACheckpointIsAnError() throws {
    let error = try #require(try train(obstacleAfter: 2, until: 3).error)
    #expect(
      error.contains("a file of that name") && error.contains("step-00000002.safetensors is the newest"))
  }

}
