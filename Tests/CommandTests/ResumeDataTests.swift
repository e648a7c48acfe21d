import Foundation
import Testing

/// What a resume needs besides the checkpoint: its data, which it finds or names, and nothing that it does not.
@Suite struct ResumeDataTests {
  let scene: TrainingScene
  let path: String

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  static let recipe = ["--model", "linear", "--batch-size", "100", "--epochs", "2", "--lr", "0.03"]

  /// Stops in step 25 of 40. By a path that is none from the root.
  private func start(_ data: String = "digits") throws {
    let result = try lockstep(
      ["train", "--data", data, "--output", path, "--quiet"] + Self.recipe,
      environment: ["LOCKSTEP_FAULT_SIGNAL": "10:25"], directory: scene.scratch.path)
    #expect(result.status == 75, "\(result.errors)")
  }

  private func goOn(
    _ arguments: [String] = [], ranks: Int? = nil, data: String = "", in directory: String = "/"
  ) throws -> CommandResult {
    try lockstep(
      ["train", "--output", path, "--resume", "--quiet"] + arguments, ranks: ranks,
      environment: ["LOCKSTEP_DATA": data], directory: directory)
  }

  private func expectWhole(_ result: CommandResult, _ reference: TrainingRun, _ what: String) throws {
    #expect(result.status == 0, "\(what): \(result.errors)")
    let run = TrainingRun(path: path, result: result)
    #expect(run.digest == reference.digest && run.accuracyLine == reference.accuracyLine, "\(what)")
    #expect(try run.file("config.yaml") == reference.file("config.yaml"), "\(what)")
  }

  @Test(arguments: [nil, 2]) func fromAnotherDirectory(ranks: Int?) throws {
    let reference = try scene.train(Self.recipe)
    try start()
    let result = try goOn(ranks: ranks)
    #expect(result.output.hasPrefix("dataset \(scene.data)\n"), "\(result.output)")
    try expectWhole(result, reference, "elsewhere")
    let checkpoint = "checkpoints/step-00000040.safetensors"
    #expect(
      try TrainingRun(path: path, result: result).file(checkpoint) == reference.file(checkpoint))
  }

  /// Never are other digits drawn, nor others taken that happen to lie about.
  @Test(arguments: [nil, 2]) func dataThatIsMissingIsNamed(ranks: Int?) throws {
    let reference = try scene.train(Self.recipe)
    try start()
    let digest = try #require(
      try scene.scratch.text("run/checkpoints/step-00000025.safetensors")
        .firstMatch(of: /lockstep.dataset":"([0-9a-f]{16})/)?.1)
    let moved = scene.scratch.file("moved")
    let other = try scene.spoiled(.smallerImages)
    try FileManager.default.moveItem(atPath: scene.data, toPath: moved)
    let fix = [path, scene.data, "digest \(digest)", "--data"]
    expect(try goOn(ranks: ranks), status: 65, naming: fix + ["No such file"])
    expect(try goOn(ranks: ranks, data: other), status: 65, naming: fix + [other])
    // As of a disk that is not mounted.
    try FileManager.default.createDirectory(atPath: scene.data, withIntermediateDirectories: false)
    expect(try goOn(ranks: ranks), status: 65, naming: fix + ["an empty directory"])
    let names = try FileManager.default.contentsOfDirectory(atPath: path).sorted()
    #expect(names == [".lock", "checkpoints", "config.yaml", "metrics.jsonl"])
    // Where the same data lies it is found.
    let result = try goOn(ranks: ranks, data: moved)
    #expect(result.errors.contains("going on with \(moved), the same data"), "\(result.errors)")
    try expectWhole(result, reference, "moved")
    try FileManager.default.removeItem(atPath: scene.data)
    try expectWhole(goOn(ranks: ranks), reference, "noted anew")
  }

  @Test func synthesizedDigitsAreDrawnAgain() throws {
    let arguments = ["train", "--output", path, "--model", "linear", "--max-steps"]
    let first = try lockstep(arguments + ["2"], environment: ["LOCKSTEP_DATA": ""], directory: "/")
    #expect(first.status == 0, "\(first.errors)")
    let result = try goOn(["--max-steps", "3"], data: scene.data)
    #expect(result.status == 0 && result.output.hasPrefix("dataset synthesized digits\n"), "\(result.errors)")
    #expect(result.errors.contains("drawing 60000 digits"), "\(result.errors)")
  }

  /// The checkpoint has the recipe and the data's digest.
  @Test(arguments: [
    "rm config.yaml", "head -c 40 config.yaml >c; mv c config.yaml", ": >config.yaml",
    "printf '%s' '{[: &' >config.yaml", "rm config.yaml; mkdir config.yaml; rmdir config.yaml",
    "rm metrics.jsonl", "printf '\\0\\0\\0' >metrics.jsonl", "rm checkpoints/dataset.json",
    "echo '{' >checkpoints/dataset.json", "rm config.yaml checkpoints/dataset.json",
    "rm .lock; mkfifo .lock.tmp-1",
  ]) func whatIsLostStopsNothing(damage: String) throws {
    let reference = try scene.train(Self.recipe)
    try start(scene.data)
    _ = try run("sh", ["-c", damage], directory: path)
    let result = try goOn()
    try expectWhole(result, reference, damage)
    let warned = result.errors.contains("is lost or damaged")
    #expect(
      warned == (damage.contains("config") || damage.contains("metrics")), "\(damage): \(result.errors)")
  }

  /// With both notes of it gone only a digest tells, and only of what a start would take.
  @Test func withoutAnyNote() throws {
    let reference = try scene.train(Self.recipe)
    try start()
    for name in ["metrics.jsonl", "checkpoints/dataset.json"] {
      try FileManager.default.removeItem(atPath: path + "/" + name)
    }
    expect(try goOn(), status: 65, naming: [path, "digest", "--data"])
    expect(try goOn(data: try scene.spoiled(.smallerImages)), status: 65, naming: [path, "digest", "--data"])
    try expectWhole(goOn(data: scene.data), reference, "found")
  }

  /// A run that is not finished is evaluated where it stands, on its own data.
  @Test(arguments: [nil, 2]) func evaluateTakesTheNewestCheckpoint(ranks: Int?) throws {
    try start()
    let there = try scene.train(Self.recipe + ["--max-steps", "25"])
    let result = try lockstep(
      ["evaluate", path], ranks: ranks, environment: ["LOCKSTEP_DATA": ""], directory: "/")
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.conclusion == "dataset \(scene.data)\n\(there.accuracyLine)\n")
    #expect(result.errors.contains("not finished: evaluating its newest checkpoint, of step 25"))
    // One that goes on after its end is not finished either.
    #expect(try goOn().status == 0)
    let more = try lockstep(
      ["train", "--output", path, "--resume", "--epochs", "9"],
      environment: ["LOCKSTEP_FAULT_SIGNAL": "10:45"])
    #expect(more.status == 75, "\(more.errors)")
    let again = try lockstep(["evaluate", path], ranks: ranks)
    #expect(again.errors.contains("of step 45"), "\(again.errors)")
  }
}
