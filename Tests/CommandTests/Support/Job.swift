import Foundation

extension TrainingScene {
  /// Runs `mpirun -np RANKS lockstep ARGUMENTS`, and beside it a shell script that may wait for what the run does
  /// (`wait_for COMMAND...` returns when the command succeeds, or the job has ended) and signal it (its number is
  /// $job).
  ///
  /// One command instead of a second test thread: threads are few, and all may be waiting.
  func job(
    _ arguments: [String], ranks: Int, environment: [String: String] = [:], beside script: String
  ) throws -> CommandResult {
    let command = "\(Self.waitFor)\n\(Library.mpirun) \"$@\" </dev/null & job=$!\n\(script)\nwait $job"
    return try Launch.takingTurns {
      try run(
        "sh", ["-c", command, "sh"] + Launch.arguments([RankGroup(ranks, arguments)]),
        environment: Launch.environment(ranks: ranks).merging(environment) { $1 }, directory: scratch.path)
    }
  }

  /// Runs any command likewise, in the foreground: a command that a shell starts in the background ignores SIGINT.
  func foreground(_ command: [String], ranks: Int, beside script: String) throws -> CommandResult {
    let shell = "\(Self.waitFor)\njob=$$\n{ \(script)\n} &\nexec \"$@\""
    return try Launch.takingTurns {
      try run(
        "sh", ["-c", shell, "sh"] + command, environment: Launch.environment(ranks: ranks),
        directory: scratch.path)
    }
  }

  private static let waitFor = """
    wait_for() { until "$@" >/dev/null 2>&1; do kill -0 $job 2>/dev/null || return 1; sleep 0.02; done; }
    stopped() {
      ps -eo pid,stat,args | awk -v run="$1" '$2 ~ /^T/ && /[l]ockstep train/ && index($0, run) { print $1 }'
    }
    are_stopped() { test "$(stopped "$1" | wc -l)" = "$2"; }
    """
}
