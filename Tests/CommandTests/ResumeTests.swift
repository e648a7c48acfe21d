import Foundation
import Testing

/// `--resume`: on other ranks and threads, past damaged checkpoints, and not with another recipe or other data.
@Suite struct ResumeTests {
  /// 18 steps an epoch.
  static let recipe = [
    "--hidden", "32", "--batch-size", "100", "--epochs", "3", "--optimizer", "adam", "--lr", "0.001",
    "--validation-split", "0.1", "--keep-best", "--log-every", "1", "--quiet",
  ]

  let scene: TrainingScene
  let path: String

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  /// Starts or goes on with the run at `path`; `signal` is what it sends itself in a step.
  private func go(
    _ arguments: [String], ranks: Int? = nil, threads: Int = 1, signal: (number: Int32, step: Int)? = nil,
    environment: [String: String] = [:]
  ) throws -> CommandResult {
    var variables = environment
    if let signal { variables["LOCKSTEP_FAULT_SIGNAL"] = "\(signal.number):\(signal.step)" }
    let fixed = ["train", "--output", path, "--threads", String(threads)]
    return try lockstep(fixed + arguments, ranks: ranks, environment: variables)
  }

  private var first: [String] { ["--data", scene.data] + Self.recipe }

  private func expectWhole(_ result: CommandResult, _ reference: TrainingRun) throws {
    #expect(result.status == 0, "\(result.errors)")
    let run = TrainingRun(path: path, result: result)
    #expect(run.digest == reference.digest)
    #expect(run.accuracyLine == reference.accuracyLine)
    #expect(try run.model == reference.model)
    #expect(try run.measurements == reference.measurements)
    let last = "checkpoints/step-00000054.safetensors"
    #expect(try run.file(last) == reference.file(last))
    #expect(try run.file("config.yaml") == reference.file("config.yaml"))
  }

  /// Within the second epoch, and after the last step of it, before its evaluation. The last command says no more
  /// than it must: recipe and data are the run's.
  @Test(arguments: ["exact", "exact16"]) func fourRanksThenThreeThenOne(reduction: String) throws {
    let options = ["--reduction", reduction]
    let reference = try scene.train(Self.recipe + options)
    let first = first + options
    expect(
      try go(first, ranks: 4, signal: (SIGTERM, 23)), status: 75,
      naming: ["after step 23 of 54", "step-00000023.safetensors is safe", "--resume"])
    expect(
      try go(first + ["--resume"], ranks: 3, signal: (SIGUSR1, 36)), status: 75,
      naming: ["after step 36 of 54", "step-00000036.safetensors is safe"])
    try expectWhole(go(["--resume", "--log-every", "1", "--quiet"], threads: 2), reference)
    let again = try go(["--resume"], ranks: 2)
    #expect(again.errors.contains("all 54 steps are done: nothing is left to train"))
    try expectWhole(again, reference)
  }

  @Test(arguments: [nil, 3]) func damagedCheckpointsAreSkipped(ranks: Int?) throws {
    let reference = try scene.train(Self.recipe)
    _ = try go(first + ["--checkpoint-every", "5", "--keep", "9"], signal: (SIGINT, 23))
    var bytes = try scene.scratch.data("run/checkpoints/step-00000023.safetensors")
    bytes[bytes.count / 2] ^= 1
    try scene.scratch.write(bytes, to: "run/checkpoints/step-00000023.safetensors")
    try scene.scratch.write(bytes.dropLast(9), to: "run/checkpoints/step-00000020.safetensors")
    let result = try go(first + ["--resume"], ranks: ranks)
    let lines = result.errors.split(separator: "\n")
    #expect(lines.count == 2, "\(result.errors)")
    #expect(lines.first?.contains(#/skipped .*step-00000023.* expected content of checksum/#) == true)
    #expect(lines.last?.contains(#/skipped .*step-00000020.* expected content of checksum/#) == true)
    try expectWhole(result, reference)
    #expect(try TrainingRun(path: path, result: result).events("resume").first?["step"] as? Int == 18)
  }

  /// To start over would be to remove what may be readable tomorrow.
  @Test(arguments: [nil, 3]) func noCheckpointVerifies(ranks: Int?) throws {
    _ = try go(first + ["--checkpoint-every", "5"], signal: (SIGINT, 23))
    let files = ["20", "23", "18"].map { "run/checkpoints/step-000000\($0).safetensors" }
    for file in files { try scene.scratch.write(Data(), to: file) }
    let metrics = try scene.scratch.data("run/metrics.jsonl")
    let result = try go(first + ["--resume"], ranks: ranks)
    #expect(result.status == 65)
    #expect(
      result.errors.contains("run/checkpoints: expected a checkpoint to go on from"), "\(result.errors)")
    for file in files {
      #expect(result.errors.contains("skipped \(scene.scratch.file(file)): "), "\(result.errors)")
      #expect(try scene.scratch.data(file) == Data())
    }
    #expect(try scene.scratch.data("run/metrics.jsonl") == metrics)
    try FileManager.default.removeItem(atPath: path + "/checkpoints")
    try scene.scratch.write(Data(), to: "run/checkpoints")
    expect(try go(["--resume"], ranks: ranks), status: 65, naming: ["run/checkpoints: ", "directory"])
  }

  @Test func aRunWithoutACheckpointStartsOver() throws {
    let reference = try scene.train(Self.recipe)
    let result = try go(first + ["--resume"])
    #expect(result.errors.contains("no checkpoint to go on from: starting from the beginning"))
    try expectWhole(result, reference)
    // Not over a model that is finished.
    try FileManager.default.removeItem(atPath: path + "/checkpoints")
    let model = try scene.scratch.data("run/model.safetensors")
    expect(
      try go(["--resume", "--seed", "9"]), status: 64,
      naming: ["--output \(path)", "checkpoints to go on from", "model.safetensors"])
    #expect(try scene.scratch.data("run/model.safetensors") == model)
    try FileManager.default.removeItem(atPath: path + "/model.safetensors")
    try expectWhole(go(["--resume", "--quiet", "--log-every", "1"] + first), reference)
  }

  @Test(arguments: [nil, 3]) func anotherRecipeIsRefused(ranks: Int?) throws {
    _ = try go(first, signal: (SIGTERM, 20))
    let metrics = try scene.scratch.data("run/metrics.jsonl")
    let changes = [
      (["--lr", "0.01"], ["lr 0.001", "lr 0.01"]), (["--hidden", "33"], ["hidden 32", "hidden 33"]),
      (["--seed", "2"], ["seed 1", "seed 2"]), (["--max-steps", "19"], ["19 steps", "step 20"]),
      (["--data", try scene.spoiled(.smallerImages)], ["digest", "spoiled", "--data"]),
    ]
    for (change, texts) in changes {
      expect(
        try go(["--resume", "--quiet"] + change, ranks: ranks), status: 65, naming: texts + ["step-00000020"])
    }
    #expect(try scene.scratch.data("run/metrics.jsonl") == metrics)
    expect(try go(first), status: 64, naming: ["--output", "--resume"])
    expect(try lockstep(["train", "--resume"]), status: 64, naming: ["--resume", "--output"])
  }

  @Test func moreEpochs() throws {
    let reference = try scene.train(Self.recipe)
    #expect(try go(first + ["--epochs", "1"]).status == 0)
    try expectWhole(go(first + ["--resume"], ranks: 2), reference)
  }

  @Test func onlyTheNewestAreKept() throws {
    #expect(try go(first + ["--checkpoint-every", "4", "--keep", "2"]).status == 0)
    let names = try FileManager.default.contentsOfDirectory(atPath: path + "/checkpoints").sorted()
    #expect(names == ["dataset.json", "step-00000052.safetensors", "step-00000054.safetensors"])
  }
}
