import Foundation
import Testing

/// A rank that stands still ends the job with its name; one that is slow does not.
@Suite struct StallTests {
  let scene: TrainingScene
  let path: String

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  /// How ranks hear of each other: as on one node, or as across nodes.
  enum Hearing: CaseIterable {
    case sharedMemory, datagrams, streams
    var environment: [String: String] {
      var environment = StallTests.endsSoon
      if self != .sharedMemory { environment["LOCKSTEP_FAULT_HEARTBEAT_TABLE"] = "no:room" }
      if self == .streams { environment["LOCKSTEP_FAULT_DATAGRAMS"] = "lost:all" }
      return environment
    }
  }

  /// mpirun gives the ranks of a job that ends no second before it kills them: here nobody has a use for it.
  static let endsSoon = ["OMPI_MCA_odls_base_sigkill_timeout": "0"]

  private func train(_ more: [String] = [], timeout: Int = 1) -> [String] {
    [
      "train", "--data", scene.data, "--output", path, "--model", "linear", "--epochs", "1000000",
      "--log-every", "1", "--quiet", "--threads", "1", "--stall-timeout", String(timeout),
    ] + more
  }

  /// Ranks of which one has a fault.
  private func go(
    _ arguments: [String], ranks: Int, fault: String, on rank: Int, _ hearing: Hearing = .sharedMemory
  ) throws -> CommandResult {
    let hit = RankGroup(1, arguments, wrapper: ["env", fault])
    return try mpirun(
      [RankGroup(rank, arguments), hit, RankGroup(ranks - rank - 1, arguments)].filter { $0.count > 0 },
      environment: hearing.environment)
  }

  @Test(arguments: [(2, 0), (2, 1), (4, 0), (4, 2)], Hearing.allCases)
  func aStoppedRankIsNamed(_ job: (ranks: Int, rank: Int), hearing: Hearing) throws {
    let stop = "LOCKSTEP_FAULT_SIGNAL=\(SIGSTOP):40"
    let result = try go(train(), ranks: job.ranks, fault: stop, on: job.rank, hearing)
    expect(result, status: 1, naming: ["rank \(job.rank) on ", "has not been heard of", "--stall-timeout"])
    // From afar it was last seen up to a beat before.
    let phase = "last seen in: \(hearing == .sharedMemory ? "forward and backward of step 40" : "")"
    #expect(result.errors.contains(phase), "\(result.errors)")
    try expectNoProcess(result)
    // The rank that would have to write it is the stopped one.
    guard job.rank != 0 else { return }
    let last = try TrainingRun(path: path, result: result).metrics.last
    #expect(last?["event"] as? String == "error", "\(String(describing: last))")
    #expect(last?["step"] as? Int == 40)
    #expect((last?["reason"] as? String)?.contains("rank \(job.rank) on ") == true)
  }

  /// All but one: that one tells.
  @Test func threeOfFourAreStopped() throws {
    let stop = ["env", "LOCKSTEP_FAULT_SIGNAL=\(SIGSTOP):40"]
    let result = try mpirun(
      [RankGroup(2, train(), wrapper: stop), RankGroup(1, train()), RankGroup(1, train(), wrapper: stop)],
      environment: Self.endsSoon)
    expect(result, status: 1, naming: ["has not been heard of"])
    try expectNoProcess(result)
  }

  /// The Nth change of the run's files never returns: a line of metrics, and the checkpoint at the end, which is
  /// written by another thread. On rank 0, and in one process without MPI.
  @Test(
    arguments: [nil, 2], [(30, "writing a file after step "), (20, "writing the checkpoint of step ")])
  func aStuckFileSystemIsNamed(ranks: Int?, _ hang: (number: Int, phase: String)) throws {
    let result = try lockstep(
      train(hang.number == 20 ? ["--epochs", "1", "--log-every", "0"] : []), ranks: ranks,
      environment: Self.endsSoon.merging(["LOCKSTEP_FAULT_FILE_OPERATION": "\(hang.number):hang"]) { $1 })
    expect(result, status: 1, naming: ["rank 0 on ", "for the file system; it is in: \(hang.phase)"])
    try expectNoProcess(result)
  }

  /// A step that takes twice the timeout, on a rank that the others wait for.
  @Test(arguments: Hearing.allCases) func aSlowStepIsNoStall(hearing: Hearing) throws {
    let result = try go(
      train(["--max-steps", "60"]), ranks: 2, fault: "LOCKSTEP_FAULT_SLOW=2:40", on: 1, hearing)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors == "")
  }

  /// Both ranks are stopped in a step and continued. In time, the run goes on as if nothing had happened; when another
  /// process with a longer timeout has been found stalled meanwhile as well, because the watchers were stopped with the
  /// others. They are continued one after the other, so that the first looks while the second stands still.
  @Test(arguments: [60, 2], Hearing.allCases)
  func ranksThatAreContinued(timeout: Int, hearing: Hearing) throws {
    let steps = ["--max-steps", "60"]
    let witness = [
      Repository.lockstep, "train", "--data", scene.data, "--output", "witness", "--model", "linear",
      "--quiet",
      "--threads", "1", "--stall-timeout", String(timeout + 1),
    ].joined(separator: " ")
    let reference = try scene.train(["--model", "linear", "--log-every", "1"] + steps)
    let result = try scene.job(
      train(steps, timeout: timeout), ranks: 2,
      environment: hearing.environment.merging(["LOCKSTEP_FAULT_SIGNAL": "\(SIGSTOP):40"]) { $1 },
      beside: """
        wait_for are_stopped '\(path)' 2
        \(timeout < 60 ? "LOCKSTEP_FAULT_SIGNAL= LOCKSTEP_FAULT_FILE_OPERATION=5:hang \(witness)" : "")
        stopped '\(path)' | xargs -n 1 kill -CONT
        """)
    #expect(result.status == 0, "\(result.errors)")
    #expect(TrainingRun(path: path, result: result).digest == reference.digest)
  }

  /// One rank alone, continued before the timeout.
  @Test(arguments: Hearing.allCases) func aRankThatIsContinued(hearing: Hearing) throws {
    let steps = ["--max-steps", "60"]
    let reference = try scene.train(["--model", "linear", "--log-every", "1"] + steps)
    let result = try scene.job(
      train(steps, timeout: 60), ranks: 2,
      environment: hearing.environment.merging(["LOCKSTEP_FAULT_SLOW": "2:50"]) { $1 },
      beside: """
        wait_for grep -q event...step run/metrics.jsonl
        rank=$(ps -eo pid,args | awk '$2 ~ /lockstep$/ && index($0, "\(path)") { print $1 }' | tail -1)
        is_stopped() { ps -o stat= -p $rank | grep ^T; }
        kill -STOP $rank && wait_for is_stopped && kill -CONT $rank
        """)
    #expect(result.status == 0, "\(result.errors)")
    #expect(TrainingRun(path: path, result: result).digest == reference.digest)
  }

  /// One rank makes another call than the others, in a step of training: to find streams takes calls as well.
  @Test(arguments: Hearing.allCases) func ranksThatWaitForDifferentThingsAreNamed(hearing: Hearing) throws {
    let call = hearing == .streams ? 90 : 60
    let result = try go(
      train(["--log-every", "0"]), ranks: 3, fault: "LOCKSTEP_FAULT_COLLECTIVE=barrier:\(call)", on: 1,
      hearing)
    expect(
      result, status: 1,
      naming: [
        "rank 0 on ", ", call number ", ", while rank 1 on ", " waits in barrier, call number \(call)",
      ])
    try expectNoProcess(result)
  }

  @Test func heartbeatsThatDoNotGetThroughAreTold() throws {
    var environment = Hearing.streams.environment
    environment["LOCKSTEP_FAULT_DATAGRAMS"] = "lost:streams"
    let result = try lockstep(train(["--max-steps", "20"]), ranks: 3, environment: environment)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.errors.contains("of 2 ranks do not reach rank 0 on "), "\(result.errors)")
  }

  @Test func zeroNeverEndsAJob() throws {
    let result = try go(
      train(["--max-steps", "60"], timeout: 0), ranks: 2, fault: "LOCKSTEP_FAULT_SLOW=2:40", on: 1)
    #expect(result.status == 0, "\(result.errors)")
  }

  /// Returns when no process of the job is left, of which the one named was one; throws after a minute. mpirun does not
  /// wait for the processes that it kills, and not every machine collects the dead (Z).
  private func expectNoProcess(_ result: CommandResult) throws {
    let named = try #require(result.errors.firstMatch(of: /\(pid (\d+)\)/), "\(result.errors)")
    let script = """
      while ps -o stat= -p $0 | grep -v ^Z || pgrep -f "[l]ockstep train.*$1"; do sleep 0.02; done
      """
    _ = try run("sh", ["-c", script, String(named.1), path], timeout: 60)
  }
}
