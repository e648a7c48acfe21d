import Foundation
import Testing

/// Disks that are full, fail, or are taken away: what was safe stays safe, and the message says what that is.
/// `TortureTests` lets each file operation fail in turn.
@Suite struct DiskTests {
  /// Two epochs of five steps.
  static let recipe = [
    "--model", "linear", "--epochs", "2", "--batch-size", "400", "--checkpoint-every", "2", "--log-every",
    "1",
    "--quiet",
  ]

  let scene: TrainingScene
  let path: String

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  private func go(_ arguments: [String] = [], fault: String = "", ranks: Int? = nil) throws -> CommandResult {
    try lockstep(
      ["train", "--data", scene.data, "--output", path, "--threads", "1"] + Self.recipe + arguments,
      ranks: ranks, environment: ["LOCKSTEP_FAULT_FILE_OPERATION": fault])
  }

  @Test(arguments: [nil, 3]) func aDiskThatStaysFull(ranks: Int?) throws {
    let reference = try scene.train(Self.recipe)
    // The first checkpoint is at step 2: it and six lines are written by then.
    let result = try go(fault: "25+:ENOSPC", ranks: ranks)
    expect(result, status: 1, naming: ["No space left on device", "--resume"])
    try expectWhole(go(["--resume"], ranks: ranks), reference, "resumed")
  }

  @Test func aDeletedRunDirectoryIsMadeAgain() throws {
    let train = ["train", "--data", scene.data, "--output", path, "--threads", "1"] + Self.recipe
    let result = try scene.job(
      train + ["--epochs", "1000000"], ranks: 2,
      beside: """
        wait_for sh -c "ls run/checkpoints/*.safetensors"
        mv run gone; rm -rf gone
        wait_for sh -c "ls run/checkpoints/*.safetensors run/config.yaml run/metrics.jsonl"
        kill -USR1 $job
        """)
    #expect(result.status == 75, "\(result.errors)")
    #expect(result.errors.contains("metrics.jsonl: deleted during the run"), "\(result.errors)")
  }

  @Test func aFileInTheWayOfTheCheckpoints() throws {
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    try scene.scratch.write(Data(), to: "run/checkpoints")
    expect(try go(), status: 1, naming: ["run/checkpoints", "a file of that name", "--output"])
  }

  /// The reason is the system's, whatever is looked at after the call that fails.
  @Test func theReasonIsTold() throws {
    expect(try go(fault: "1:ENOSPC"), status: 1, naming: [path, "No space left on device", "Free space"])
    let long = scene.scratch.file(String(repeating: "x", count: 256))
    let result = try lockstep(["train", "--data", scene.data, "--model", "linear", "--output", long])
    #expect(result.status == 1)
    #expect(result.errors.contains("File name too long. Choose a shorter --output"), "\(result.errors)")
  }

  /// An error after the last step, too, is in the metrics; a run that goes on takes it out.
  @Test func aFailureIsInTheMetrics() throws {
    let reference = try scene.train(Self.recipe)
    let model = path + "/model.safetensors"
    // Stopped in a step, both ranks give the obstacle its time.
    let result = try scene.job(
      ["train", "--data", scene.data, "--output", path, "--threads", "1"] + Self.recipe, ranks: 2,
      environment: ["LOCKSTEP_FAULT_SIGNAL": "\(SIGSTOP):5"],
      beside: """
        wait_for are_stopped '\(path)' 2
        mkdir -p '\(model)/in-the-way'
        stopped '\(path)' | xargs kill -CONT
        """)
    expect(result, status: 1, naming: ["model.safetensors"])
    let log = try TrainingRun(path: path, result: result).metrics
    #expect(log.last?["event"] as? String == "error" && log.last?["step"] as? Int == 10, "\(log)")
    #expect((log.last?["reason"] as? String)?.contains("model.safetensors") == true)
    try FileManager.default.removeItem(atPath: model)
    try expectWhole(go(["--resume"]), reference, "resumed")
  }

  private func expectWhole(_ result: CommandResult, _ reference: TrainingRun, _ what: String) throws {
    #expect(result.status == 0, "\(what): \(result.errors)")
    let run = TrainingRun(path: path, result: result)
    #expect(run.digest == reference.digest, "\(what)")
    #expect(try run.model == reference.model, "\(what)")
    #expect(try run.measurements == reference.measurements, "\(what)")
  }
}
