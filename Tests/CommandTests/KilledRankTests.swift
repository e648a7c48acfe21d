import Foundation
import Testing

/// A rank that vanishes takes the job with it: mpirun says which, and leaves nothing behind.
@Suite struct KilledRankTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  @Test func endsTheJob() async throws {
    let path = scene.scratch.file("run")
    let train = [
      "train", "--data", scene.data, "--output", path, "--model", "linear", "--epochs", "1000000",
      "--log-every", "1", "--quiet", "--threads", "1",
    ]
    let arguments = Launch.arguments([RankGroup(4, train)])
    let variables = Launch.environment(ranks: 4)
    async let job = Launch.takingTurns { try run(Library.mpirun, arguments, environment: variables) }

    try await eventually("the first steps") {
      (try? scene.scratch.text("run/metrics.jsonl").contains("\"event\":\"step\"")) ?? false
    }
    let ranks = try run("sh", ["-c", Library.ranks(with: path)]).output.split(separator: "\n").compactMap {
      pid_t($0)
    }
    try #require(ranks.count == 4)
    #expect(kill(ranks[2], SIGKILL) == 0)

    let result = try await job
    #expect(result.status == 137, "\(result.errors)")
    #expect(result.output == "")
    #expect(result.errors.contains(/rank .*signal 9/), "\(result.errors)")
    #expect(!result.errors.contains("time limit"))
    if Library.isOpenMPI {
      // MPICH's launcher gives the others no time to write it.
      let last = try TrainingRun(path: path, result: result).metrics.last
      #expect(last?["event"] as? String == "error", "\(String(describing: last))")
      #expect((last?["reason"] as? String)?.contains("rank 2 on ") == true)
    }
    try await eventually("the end of every rank") { try ranks.allSatisfy { try !isRunning($0) } }
  }

  /// Whether there is such a process, other than one that waits for its parent to collect it.
  private func isRunning(_ pid: pid_t) throws -> Bool {
    let state = try run("ps", ["-o", "stat=", "-p", String(pid)]).output
    return !state.isEmpty && !state.hasPrefix("Z")
  }

  /// Returns once the condition holds; fails the test after ten minutes, most of which it may wait for its turn.
  private func eventually(_ what: String, _ condition: () throws -> Bool) async throws {
    let deadline = ContinuousClock.now + .seconds(600)
    while try !condition() {
      try #require(ContinuousClock.now < deadline, "waited in vain for \(what)")
      try await Task.sleep(for: .milliseconds(20))
    }
  }
}
