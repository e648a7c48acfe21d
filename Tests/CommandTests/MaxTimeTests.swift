import Foundation
import Testing

/// `--max-time` stops all ranks after the same step with a checkpoint, as a request by signal does.
@Suite struct MaxTimeTests {
  static let recipe = ["--hidden", "32", "--batch-size", "100", "--quiet", "--log-every", "1"]

  let scene: TrainingScene
  let path: String

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  private func go(_ arguments: [String], ranks: Int?) throws -> CommandResult {
    let fixed = ["train", "--data", scene.data, "--output", path, "--threads", "1", "--resume"]
    return try lockstep(fixed + Self.recipe + arguments, ranks: ranks)
  }

  /// A second is less than the margin, so that each start takes one step, also the one after an epoch's last.
  @Test(arguments: [nil, 1, 3]) func eachStartTakesAStep(ranks: Int?) throws {
    let recipe = ["--batch-size", "1000", "--epochs", "2"]
    let reference = try scene.train(Self.recipe + recipe)
    for step in 1...4 {
      let result = try go(recipe + ["--max-time", "1"], ranks: ranks)
      expect(
        result, status: 75,
        naming: [
          "stopped by --max-time 1 after step \(step) of 4", "\(step).safetensors is safe", "--resume",
        ])
    }
    let result = try go(recipe + ["--max-time", "1"], ranks: ranks == 3 ? 1 : 3)
    try expectWhole(result, reference)
  }

  /// Without a round number: wherever it stops, nothing is lost.
  @Test(arguments: [1, 3]) func aTimeInTheMiddle(ranks: Int) throws {
    let result = try go(["--epochs", "1000000", "--max-time", "0:03"], ranks: ranks)
    let text = try #require(
      result.errors.firstMatch(of: #/by --max-time 0:03 after step (\d+) of 20000000: /#), "\(result.errors)")
    let step = try #require(Int(text.1))
    #expect(result.status == 75)
    let recipe = ["--epochs", "1000000", "--max-steps", String(step + 20)]
    let reference = try scene.train(Self.recipe + recipe)
    try expectWhole(go(recipe, ranks: ranks), reference)
  }

  private func expectWhole(_ result: CommandResult, _ reference: TrainingRun) throws {
    #expect(result.status == 0, "\(result.errors)")
    let run = TrainingRun(path: path, result: result)
    #expect(run.digest == reference.digest)
    #expect(try run.model == reference.model)
    #expect(try run.measurements == reference.measurements)
  }

  /// A time that is enough changes nothing, and is no part of the recipe.
  @Test func aTimeThatIsEnough() throws {
    let run = try scene.train(Self.recipe + ["--epochs", "1", "--max-time", "1-12:00:00"], ranks: 3)
    #expect(run.result.errors == "")
    #expect(run.digest == (try scene.train(Self.recipe + ["--epochs", "1"])).digest)
    #expect(String(decoding: try run.file("config.yaml"), as: UTF8.self).contains("max-time") == false)
  }

  @Test(arguments: ["0", "-5", "", "1h30", "5 ", "99999999999999999999", "soon"])
  func whatIsNoTimeIsRefused(text: String) throws {
    expect(
      try lockstep(["train", "--max-time", text], ranks: 2), status: 64,
      naming: ["--max-time: expected a time of more than 0", "found '\(text)'"])
  }
}
