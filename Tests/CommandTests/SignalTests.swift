import Foundation
import Testing

/// Signals that others send, and states of signals that others leave behind. `PreemptionTests` has the stop itself.
@Suite struct SignalTests {
  let scene: TrainingScene
  let path: String

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  private func train(epochs: Int = 1_000_000) -> [String] {
    [
      "train", "--data", scene.data, "--output", path, "--model", "linear", "--epochs", String(epochs),
      "--threads", "1",
    ]
  }

  /// `python3 Tests/Tools/signals.py STATE NUMBER`, before a command.
  static func state(_ state: String, of signal: Int32) -> [String] {
    ["python3", Repository.root + "/Tests/Tools/signals.py", state, String(signal)]
  }

  private func run(_ command: [String], environment: [String: String] = [:]) throws -> CommandResult {
    try Launch.takingTurns {
      try CommandTests.run(command[0], Array(command[1...]), environment: environment)
    }
  }

  /// Whatever would end the process by default. 16 is SIGSTKFLT; 34 and 64 are real-time signals.
  @Test(arguments: [
    SIGHUP, SIGQUIT, SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGXCPU, SIGPWR, SIGIO, 16, 34, 64,
  ])
  func stopsWithACheckpoint(signal: Int32) throws {
    let result = try run(
      Self.state("default", of: signal) + [Repository.lockstep] + train() + ["--quiet"],
      environment: ["LOCKSTEP_FAULT_SIGNAL": "\(signal):40"])
    expect(
      result, status: 75, naming: ["after step 40 of ", "checkpoints/step-00000040.safetensors is safe"])
  }

  /// Signals of faults, from another process; the process's own still end it as such.
  @Test(arguments: [SIGABRT, SIGTRAP, SIGSYS, SIGSEGV, SIGBUS, SIGFPE, SIGILL], [true, false])
  func signalsOfFaults(signal: Int32, isOfAnother: Bool) throws {
    let script = """
      "$@" & job=$!
      until grep -q event...step "$0/metrics.jsonl" 2>/dev/null; do kill -0 $job || exit 99; sleep 0.02; done
      \(isOfAnother ? "kill -\(signal) $job" : ":")
      wait $job
      """
    let result = try run(
      ["sh", "-c", script, path, Repository.lockstep] + train() + ["--quiet", "--log-every", "1"],
      environment: isOfAnother
        ? [:] : ["LOCKSTEP_FAULT_SIGNAL": "\(signal):40", "SWIFT_BACKTRACE": "enable=no"])
    if isOfAnother {
      expect(result, status: 75, naming: ["is safe"])
    } else {
      #expect(result.status == 128 + signal, "\(result.status): \(result.errors)")
    }
  }

  /// UCX, which MPICH may use, takes SIGHUP for its own when it is loaded, unless this variable says not to.
  @Test(arguments: [SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGUSR1]) func whatWasIgnoredStaysSo(signal: Int32)
    throws
  {
    let result = try run(
      Self.state("ignored", of: signal) + [Repository.lockstep] + train(epochs: 20) + ["--quiet"],
      environment: ["LOCKSTEP_FAULT_SIGNAL": "\(signal):40", "UCX_DEBUG_SIGNO": "0"])
    #expect(result.status == 0, "\(result.errors)")
  }

  /// It comes before anything is loaded, from a parent that had blocked it.
  @Test(arguments: [SIGTERM, SIGHUP]) func aRequestBeforeTheFirstStep(signal: Int32) throws {
    let result = try run(Self.state("pending", of: signal) + [Repository.lockstep] + train())
    expect(result, status: 75, naming: ["before the first step", "Start the same command again"])
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  @Test(arguments: [0, 2]) func aRequestToOneRankBeforeTheFirstStep(rank: Int) throws {
    let hit = RankGroup(1, train(), wrapper: Self.state("pending", of: SIGHUP))
    let groups = [RankGroup(rank, train()), hit, RankGroup(2 - rank, train())].filter { $0.count > 0 }
    expect(try mpirun(groups), status: 75, naming: ["before the first step"])
    #expect(!FileManager.default.fileExists(atPath: path))
  }

  /// The system says so again for each further second, which is no impatience.
  @Test func aSoftLimitOnProcessorTime() throws {
    let result = try run(
      ["sh", "-c", "ulimit -S -t 1; exec \"$@\"", "sh", Repository.lockstep] + train() + ["--quiet"])
    expect(result, status: 75, naming: ["is safe"])
  }

  /// `ulimit -t` sets both limits, and the hard one kills.
  @Test func aHardLimitOnProcessorTime() throws {
    let result = try run(
      ["sh", "-c", "ulimit -t 3; exec \"$@\"", "sh", Repository.lockstep] + train() + ["--quiet"])
    expect(result, status: 75, naming: ["is safe"])
  }

  /// Progress is lost, the training is not.
  @Test func aReaderOfProgressThatWentAway() throws {
    let script = "{ \"$@\"; echo $? >\"$0/status\"; } 2>&1 >\"$0/output\" | head -n 1"
    let command = ["sh", "-c", script, scene.scratch.path]
    let result = try run(
      command + Self.state("default", of: SIGPIPE) + [Repository.lockstep] + train(epochs: 300))
    #expect(result.output.contains("samples"))
    #expect(try scene.scratch.text("status") == "0\n")
    #expect(try scene.scratch.text("output").contains("\nweights "))
  }

  /// A checkpoint that grows over the limit is a warning, the model that does the error.
  @Test func aLimitOnFileSizes() throws {
    let limit = ["sh", "-c", "ulimit -f 16; exec \"$@\"", "sh"]
    let result = try run(
      limit + Self.state("default", of: SIGXFSZ) + [Repository.lockstep] + train(epochs: 2)
        + ["--quiet", "--log-every", "0"])
    expect(result, status: 1, naming: ["File too large (ulimit -f allows "])
    #expect(result.errors.contains("warning: "), "\(result.errors)")
  }
}
