import Foundation
import Testing

/// `scripts/launch`: what stands between the user and mpirun.
@Suite struct LaunchTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private var train: [String] {
    [
      Repository.lockstep, "train", "--data", scene.data, "--output", scene.scratch.file("run"), "--model",
      "linear", "--log-every", "1", "--quiet", "--threads", "1",
    ]
  }
  private let endless = ["--epochs", "1000000"]

  /// `launch` on so many ranks with what comes before and after it; a `mpirun` is on PATH where one was written.
  private func launch(
    _ command: [String], ranks: Int = 2, within: [String] = [], beside script: String = ":"
  ) throws -> CommandResult {
    let path = scene.scratch.file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    return try scene.foreground(
      ["env", "PATH=" + path] + within
        + [
          Repository.root + "/scripts/launch", "-np", "\(ranks)", "--hostfile",
          Repository.root + "/hostfile",
        ] + command,
      ranks: ranks, beside: script)
  }

  private func write(mpirun script: String) throws {
    try FileManager.default.createDirectory(
      atPath: scene.scratch.file("bin"), withIntermediateDirectories: true)
    try scene.scratch.write(Data(("#!/bin/bash\n" + script).utf8), to: "bin/mpirun")
    try FileManager.default.setAttributes(
      [.posixPermissions: 0o755], ofItemAtPath: scene.scratch.file("bin/mpirun"))
  }

  /// Starts the ranks with the real one, and then hangs, deaf to SIGTERM.
  private func writeHangingMpirun() throws {
    let real = try run("sh", ["-c", "command -v mpirun"]).output.trimmingCharacters(in: .newlines)
    try write(
      mpirun: """
        echo $$ >'\(scene.scratch.file("pid"))'
        trap '' TERM INT HUP
        \(real) "$@" & ranks=$!
        trap 'kill -USR1 $ranks' USR1
        while wait $ranks; kill -0 $ranks 2>/dev/null; do :; done
        while :; do sleep 1; done
        """)
  }

  /// Ranks that end without a word after a request: only where none had begun is there surely nothing to save.
  @Test(arguments: [
    ("echo ready 0 2 >&3", "kill -USR1 $$", "--resume"), ("", "kill -USR1 $$", "nothing to save"),
    ("", "exit 255", "nothing to save"),
  ])
  func ranksWithoutAWord(_ scenario: (word: String, end: String, told: String)) throws {
    try write(
      mpirun: """
        is_there() { until [ -e "${LOCKSTEP_STATUS_FILE%/*}/$1" ]; do sleep 0.02; done; }
        exec 3>"$LOCKSTEP_STATUS_FILE"; \(scenario.word)
        is_there \(scenario.word.isEmpty ? "heard" : "begun")
        kill -TERM $PPID; is_there stop; exec 3>&-; is_there gone
        \(scenario.end)
        """)
    let result = try launch(train)
    #expect(result.status == 1 && result.errors.contains(scenario.told), "\(result.status): \(result.errors)")
  }

  /// mpirun drops what it cannot write, and ends well.
  @Test func resultsThatCannotBeWritten() throws {
    let result = try launch(
      train + ["--epochs", "1"], within: ["sh", "-c", "exec \"$@\" >/dev/full", "sh"])
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
      told: "exited on signal 9"),
  ]

  /// Whether mpirun hangs then or not, it is lockstep's word that counts, and mpirun adds one only where lockstep has
  /// none.
  @Test(arguments: ends, [false, true]) func tellsTheEndOfTheRanks(end: End, hangs: Bool) throws {
    if hangs { try writeHangingMpirun() }
    let result = try launch(
      ["env", end.fault] + train + end.more, within: hangs ? ["env", "LOCKSTEP_HANG_SECONDS=1"] : [])
    #expect(result.status == end.status, "\(result.errors)")
    if let told = end.told { #expect(result.errors.contains(told), "\(result.errors)") }
    #expect(result.errors.contains("mpirun hangs") == hangs, "\(result.errors)")
    #expect(result.output.contains("weights ") == (end.status == 0))
    let isKill = end.status == 137
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

  @Test func keepsWhatMpirunSaysOfItself() throws {
    let result = try launch(["/absent/lockstep"])
    #expect(result.status != 0)
    #expect(result.errors.contains("/absent/lockstep"), "\(result.errors)")
    try write(mpirun: "echo one >&2; printf -- '%s' ---------------------------- >&2; exit 7")
    let unknown = try launch([])
    #expect(unknown.status == 7)
    #expect(unknown.errors == "one\n----------------------------")
  }

  /// Open MPI 5 breaks its lines elsewhere.
  @Test(arguments: [75: true, 1: false, 7: false] as [Int: Bool]) func leavesOutWhatIsKnown(
    status: Int, isKnown: Bool
  ) throws {
    let rule = String(repeating: "-", count: 74)
    let block = """
      \(rule)
      prterun detected that one or more processes exited with non-zero status,
      thus causing the job to be terminated. The first process to do so was:

         Process name: [prterun-vm-19157@1,1]
         Exit code:    \(status)
      \(rule)

      """
    try write(mpirun: "echo before >&2; echo '\(block)after' >&2; exit \(status)")
    let result = try launch([])
    #expect(result.status == status)
    #expect(result.errors == "before\n" + (isKnown ? "" : block) + "after\n")
  }

  /// A rank that has not come to its signal handlers would die of what mpirun hands on. The first step may come
  /// before the signal does, or after it.
  @Test(arguments: [SIGTERM, SIGINT, SIGHUP, SIGUSR1]) func stopsRanksThatAreStarting(signal: Int32) throws {
    let late = ["sh", "-c", "touch started; until [ -e go ]; do sleep 0.02; done; exec \"$@\"", "sh"]
    let result = try launch(
      late + train + endless, beside: "wait_for test -e started; kill -\(signal) $job; touch go")
    #expect(result.status == 75, "\(result.errors)")
    let stops = /before the first step|after step \d+ of .*is safe/
    #expect(result.errors.contains(stops), "\(result.errors)")
  }

  /// The terminal and the shell may both send it; and a scheduler is no user in a hurry.
  @Test(arguments: [("INT", "INT", 1), ("HUP", "HUP", 20), ("INT", "HUP", 20), ("USR1", "TERM", 20)])
  func takesRepeatedRequestsForOne(first: String, second: String, times: Int) throws {
    let result = try launch(
      train + endless,
      beside: """
        wait_for grep -q event...step run/metrics.jsonl; kill -\(first) $job
        for n in $(seq \(times)); do env true; kill -\(second) $job 2>/dev/null; done
        """)
    #expect(result.status == 75, "\(result.errors)")
    #expect(result.errors.contains("is safe"), "\(result.errors)")
  }

  @Test func goesOnAfterAHangUpUnderNohup() throws {
    let result = try launch(
      train + ["--max-steps", "300"], within: ["nohup"],
      beside: "wait_for grep -q event...step run/metrics.jsonl; kill -HUP $job")
    #expect(result.status == 0, "\(result.errors)")
  }

  /// Progress is a line without an end: it must not wait for one.
  @Test func passesPartialLinesOn() throws {
    try write(mpirun: #"printf 'step 1\r\033[K' >&2; until [ -e go ]; do sleep 0.02; done; printf 'end' >&2"#)
    let result = try launch(
      [], within: ["sh", "-c", "exec \"$@\" 2>errors", "sh"],
      beside: "wait_for grep -q step errors; touch go")
    #expect(result.status == 0)
    #expect(try scene.scratch.text("errors") == "step 1\r\u{1B}[Kend")
  }

  /// Ranks write to mpirun's pipe: the variable names the terminal behind it.
  @Test func namesTheTerminal() throws {
    try write(mpirun: "echo \"<$LOCKSTEP_TERMINAL> $1 $2\" >&2")
    let launch = "LOCKSTEP_TERMINAL=of:another:1 \(Repository.root)/scripts/launch -np 1 true"
    let command = "stty cols 43; tty; \(launch); \(launch) 2>plain; cat plain"
    let path = scene.scratch.file("bin") + ":" + (ProcessInfo.processInfo.environment["PATH"] ?? "")
    let result = try run(
      "script", ["-qec", command, "/dev/null"], environment: ["PATH": path, "SHELL": "/bin/sh"],
      directory: scene.scratch.path)
    let lines = result.output.split(whereSeparator: \.isNewline).map(String.init)
    try #require(lines.count == 3, "\(result)")
    let host = try run("uname", ["-n"]).output.trimmingCharacters(in: .newlines)
    #expect(lines[1] == "<\(host):\(lines[0]):43> -x LOCKSTEP_TERMINAL")
    #expect(lines[2] == "<> -np 1")
  }
}
