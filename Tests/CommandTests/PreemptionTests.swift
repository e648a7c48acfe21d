import Foundation
import Testing

/// A signal to mpirun or to any rank stops all ranks after the same step, with a checkpoint.
@Suite struct PreemptionTests {
  let scene: TrainingScene
  let path: String

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  private func train(epochs: Int = 1_000_000) -> [String] {
    [
      "train", "--data", scene.data, "--output", path, "--model", "linear", "--epochs", String(epochs),
      "--log-every", "1", "--quiet", "--threads", "1",
    ]
  }

  @Test(arguments: [SIGTERM, SIGINT, SIGUSR1]) func oneProcess(signal: Int32) throws {
    let result = try lockstep(train(), environment: ["LOCKSTEP_FAULT_SIGNAL": "\(signal):40"])
    expect(
      result, status: 75, naming: ["after step 40 of ", "checkpoints/step-00000040.safetensors is safe"])
    try expectNothingLost(step: 40)
  }

  @Test(arguments: [SIGTERM, SIGHUP, SIGUSR1], [0, 3]) func oneRank(signal: Int32, rank: Int) throws {
    let hit = RankGroup(1, train(), wrapper: ["env", "LOCKSTEP_FAULT_SIGNAL=\(signal):40"])
    let groups = [RankGroup(rank, train()), hit, RankGroup(3 - rank, train())].filter { $0.count > 0 }
    expect(
      try mpirun(groups), status: 75,
      naming: ["after step 40 of ", "checkpoints/step-00000040.safetensors is safe"])
    try expectNothingLost(step: 40)
  }

  /// mpirun hands SIGUSR1 on. On the others Open MPI's sends SIGTERM, kills after a second, and says 1 whatever the
  /// ranks say. With MPICH it is the script, which in the background does not hear SIGINT.
  @Test(
    arguments: Library.isOpenMPI
      ? [SIGUSR1: 75, SIGTERM: 1, SIGINT: 1] as [Int32: Int32] : [SIGUSR1: 75, SIGTERM: 75])
  func mpirunItself(signal: Int32, status: Int32) throws {
    let result = try scene.job(
      train(), ranks: 4, beside: "wait_for grep -q event...step run/metrics.jsonl; kill -\(signal) $job")
    #expect(result.status == status, "\(result.errors)")
    let saved = try #require(
      result.errors.firstMatch(of: /after step (\d+) of .*is safe/), "\(result.errors)")
    try expectNothingLost(step: try #require(Int(saved.1)))
  }

  /// The script turns each into what mpirun hands on, so that its ranks have the time they need.
  @Test(arguments: [SIGTERM, SIGINT, SIGUSR1, SIGHUP]) func theScript(signal: Int32) throws {
    let session = try ReadmeSession()
    defer { withExtendedLifetime(session) {} }
    let path = session.root.file(".answers") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    let command = ["env", "PATH=" + path, session.root.file("scripts/train")] + train().dropFirst()
    let result = try scene.foreground(
      command, ranks: 4, beside: "wait_for grep -q event...step run/metrics.jsonl; kill -\(signal) $job")
    let saved = try #require(
      result.errors.firstMatch(of: /after step (\d+) of .*is safe/), "\(result.errors)")
    #expect(result.status == 75, "\(result.errors)")
    try expectNothingLost(step: try #require(Int(saved.1)))
  }

  /// The log ends with this step, the checkpoint is its, and a run that goes on from there does so.
  private func expectNothingLost(step: Int) throws {
    let log = TrainingRun(path: path, result: CommandResult(status: 75, output: "", errors: ""))
    #expect(try log.events("step").last?["step"] as? Int == step)
    let more = ["--resume", "--max-steps", String(step + 1)]
    let result = try lockstep(train() + more, ranks: 2)
    #expect(result.status == 0, "\(result.errors)")
    #expect(try log.events("step").map { $0["step"] as? Int } == Array(1...step + 1))
    #expect(try log.events("resume").last?["step"] as? Int == step)
  }
}
