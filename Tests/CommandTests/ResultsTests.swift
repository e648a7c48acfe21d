import Foundation
import Testing

/// Results that cannot be written are an error, and lose nothing else.
@Suite struct ResultsTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// Runs `lockstep` or ranks of it with their standard output to a full disk.
  private func toFull(_ arguments: [String], ranks: Int?) throws -> CommandResult {
    let command =
      ranks.map { [Library.mpirun] + Launch.arguments([RankGroup($0, arguments, wrapper: Self.full)]) }
      ?? Self.full + [Repository.lockstep] + arguments
    return try Launch.takingTurns {
      try run(command[0], Array(command.dropFirst()), environment: Launch.environment(ranks: ranks ?? 1))
    }
  }

  private static let full = ["sh", "-c", "exec \"$@\" >/dev/full", "sh"]

  @Test(arguments: [nil, 2]) func aFullDisk(ranks: Int?) throws {
    let model = try scene.train(["--max-steps", "5", "--model", "linear"])
    let path = scene.scratch.file("run")
    let train = ["train", "--data", scene.data, "--model", "linear", "--max-steps", "5", "--quiet"]
    for arguments in [
      train + ["--output", path], train + ["--show"], ["evaluate", model.path, "--data", scene.data],
      ["digest", model.path], ["doctor"], ["--help"], ["--version"],
      ["synthesize", "--train", "10", "--test", "10", "--output", scene.scratch.file("few")],
    ] {
      let result = try toFull(arguments, ranks: ranks)
      #expect(result.status == 1, "\(arguments)")
      #expect(
        result.errors.contains(
          "standard output: expected to write the results, found No space left on device"),
        "\(arguments): \(result.errors)")
    }
    let run = TrainingRun(path: path, result: CommandResult(status: 1, output: "", errors: ""))
    #expect(try run.model == model.model)
    #expect(try run.metrics.last?["event"] as? String == "error")
  }

  @Test func aReaderThatWentAway() throws {
    let train = "\(Repository.lockstep) train --data digits --model linear --max-steps 5 --output run --quiet"
    let script = "mkfifo pipe; (\(train) 2>errors >pipe; echo $? >status) & exec 3<pipe; exec 3<&-; wait"
    _ = try Launch.takingTurns { try run("sh", ["-c", script], directory: scene.scratch.path) }
    #expect(try scene.scratch.text("status") == "1\n")
    #expect(try scene.scratch.text("errors").contains("found Broken pipe"))
    #expect(FileManager.default.fileExists(atPath: scene.scratch.file("run/model.safetensors")))
  }
}
