import Foundation
import Testing

/// `scripts/launch`: what stands between the user and mpirun.
@Suite struct LaunchTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// Ranks that end without a word after a request: only where none had begun is there surely nothing to save.
  @Test(arguments: [
    ("echo ready 0 2 >&3", "kill -USR1 $$", "--resume"), ("", "kill -USR1 $$", "nothing to save"),
    ("", "exit 255", "nothing to save"),
  ])
  func ranksWithoutAWord(_ scenario: (word: String, end: String, told: String)) throws {
    try scene.write(
      mpirun: """
        is_there() { until [ -e "${LOCKSTEP_STATUS_FILE%/*}/$1" ]; do sleep 0.02; done; }
        exec 3>"$LOCKSTEP_STATUS_FILE"; \(scenario.word)
        is_there \(scenario.word.isEmpty ? "heard" : "begun")
        kill -TERM $PPID; is_there stop; exec 3>&-; is_there gone
        \(scenario.end)
        """)
    let result = try scene.launch(scene.train)
    #expect(result.status == 1 && result.errors.contains(scenario.told), "\(result.status): \(result.errors)")
  }

  /// mpirun drops what it cannot write, and ends well.
  @Test func resultsThatCannotBeWritten() throws {
    let result = try scene.launch(
      scene.train + ["--epochs", "1"], within: ["sh", "-c", "exec \"$@\" >/dev/full", "sh"])
    let told = ["standard output: expected to write the results", "No space left on device"]
    expect(result, status: 1, naming: told)
  }

  struct End: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let status: Int32
    var fault = "NO=fault"
    var more: [String] = ["--epochs", "1000000"]
    /// Part of standard error.
    var told: String?
  }

  static let ends = [
    End(testDescription: "success", status: 0, more: ["--epochs", "1"]),
    End(testDescription: "stop", status: 75, fault: "LOCKSTEP_FAULT_SIGNAL=\(SIGTERM):40", told: "is safe"),
    End(testDescription: "bad data", status: 65, more: ["--data", "/absent"], told: "lockstep: /absent"),
    End(testDescription: "usage", status: 64, more: ["--epohcs", "3"], told: "Did you mean '--epochs'?"),
    End(
      testDescription: "kill", status: 137, fault: "LOCKSTEP_FAULT_SIGNAL=\(SIGKILL):40",
      told: Library.isOpenMPI ? "exited on signal 9" : "Killed (signal 9)"),
  ]

  /// Whether mpirun hangs then or not, it is lockstep's word that counts, and mpirun adds one only where lockstep has
  /// none.
  @Test(arguments: ends, [false, true]) func tellsTheEndOfTheRanks(end: End, hangs: Bool) throws {
    if hangs { try scene.writeHangingMpirun() }
    let result = try scene.launch(
      ["env", end.fault] + scene.train + end.more, within: hangs ? ["env", "LOCKSTEP_HANG_SECONDS=1"] : [])
    #expect(result.status == end.status, "\(result.errors)")
    if let told = end.told { #expect(result.errors.contains(told), "\(result.errors)") }
    #expect(result.errors.contains("mpirun hangs") == hangs, "\(result.errors)")
    #expect(result.output.contains("weights ") == (end.status == 0))
    let isKill = Library.isOpenMPI && end.status == 137
    for word in ["-----", "mpirun noticed"] {
      #expect(result.errors.contains(word) == isKill, "\(result.errors)")
    }
    for word in ["Primary job", "MPI_ABORT", "Exit code"] { #expect(!result.errors.contains(word)) }
    if hangs {
      let pid = try scene.scratch.text("pid").trimmingCharacters(in: .newlines)
      let state = try run("ps", ["-o", "stat=", "-p", pid]).output
      #expect(state.isEmpty || state.hasPrefix("Z"))
    }
  }

  /// A rank that has not come to its signal handlers would die of what mpirun hands on. The first step may come
  /// before the signal does, or after it.
  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1]) func stopsRanksThatAreStarting(signal: Int32) throws {
    let late = ["sh", "-c", "touch started; until [ -e go ]; do sleep 0.02; done; exec \"$@\"", "sh"]
    let result = try scene.launch(
      late + scene.train + scene.endless, beside: "wait_for test -e started; kill -\(signal) $job; touch go")
    #expect(result.status == 75, "\(result.errors)")
    let stops = /before the first step|after step \d+ of .*is safe/
    #expect(result.errors.contains(stops), "\(result.errors)")
  }

  /// The terminal and the shell may both send it; and a scheduler is no user in a hurry.
  @Test(arguments: [("INT", "INT", 1), ("HUP", "HUP", 20), ("INT", "HUP", 20), ("USR1", "TERM", 20)])
  func takesRepeatedRequestsForOne(first: String, second: String, times: Int) throws {
    let result = try scene.launch(
      scene.train + scene.endless,
      beside: """
        wait_for grep -q event...step run/metrics.jsonl; kill -\(first) $job
        for n in $(seq \(times)); do env true; kill -\(second) $job 2>/dev/null; done
        """)
    #expect(result.status == 75, "\(result.errors)")
    #expect(result.errors.contains("is safe"), "\(result.errors)")
  }

  @Test func goesOnAfterAHangUpUnderNohup() throws {
    let result = try scene.launch(
      scene.train + ["--max-steps", "300"], within: ["nohup"],
      beside: "wait_for grep -q event...step run/metrics.jsonl; kill -HUP $job")
    #expect(result.status == 0, "\(result.errors)")
  }
}
