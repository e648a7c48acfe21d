import Dispatch
import Foundation

/// Runs the `lockstep` of this build: plainly, or as `mpirun -np RANKS lockstep ARGUMENTS`.
///
/// - Parameters:
///   - environment: Added to the environment of the tests; an empty value removes the variable.
///   - directory: The working directory; the tests' own by default.
/// - Throws: `CommandTimeout` if it hangs.
func lockstep(
  _ arguments: [String], ranks: Int? = nil, environment: [String: String] = [:], directory: String? = nil
) throws -> CommandResult {
  if let ranks {
    return try mpirun([RankGroup(ranks, arguments)], environment: environment, directory: directory)
  }
  return try Launch.takingTurns {
    try run(Repository.lockstep, arguments, environment: environment, directory: directory)
  }
}

/// Ranks of one job that share a command line.
struct RankGroup {
  let count: Int
  let arguments: [String]
  /// What runs `lockstep` and its arguments: a shell that sets a limit first, for example.
  let wrapper: [String]

  init(_ count: Int, _ arguments: [String], wrapper: [String] = []) {
    self.count = count
    self.arguments = arguments
    self.wrapper = wrapper
  }
}

/// Runs one job whose ranks may have different arguments: `mpirun -np 1 lockstep A : -np 3 lockstep B`.
func mpirun(_ groups: [RankGroup], environment: [String: String] = [:], directory: String? = nil) throws
  -> CommandResult
{
  let variables = Launch.environment(ranks: groups.reduce(0) { $0 + $1.count }).merging(environment) { $1 }
  return try Launch.takingTurns {
    try run(Library.mpirun, Launch.arguments(groups), environment: variables, directory: directory)
  }
}

/// Runs `lockstep` with several ranks on each of several simulated nodes: daemons of mpirun on this machine with
/// different host names, whose ranks share no memory and communicate as on different machines.
func lockstep(_ arguments: [String], ranksOfNodes: [Int], environment: [String: String] = [:]) throws
  -> CommandResult
{
  // A fake ssh for mpirun, called with a host name before the command: runs it here, with its files in a directory of
  // that name, because nodes would otherwise use each other's.
  let scratch = try TemporaryDirectory()
  let agent = scratch.file("agent")
  let script = """
    #!/bin/sh
    if [ "$1" = -x ]; then shift; fi
    export TMPDIR="${0%/*}/$1" OMPI_MCA_btl_vader_backing_directory="${0%/*}/$1"
    export \(Library.sharedMemoryVariable)="$TMPDIR"
    mkdir "$TMPDIR" && shift && exec sh -c "$*"

    """
  try scratch.write(Data(script.utf8), to: "agent")
  try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: agent)
  let ranks = ranksOfNodes.reduce(0, +)
  let hosts = ranksOfNodes.enumerated().map { "node\($0).invalid:\($1)" }.joined(separator: ",")
  let options =
    Library.isOpenMPI
    ? ["--mca", "plm_rsh_agent", agent, "--host", hosts]
    : ["-launcher", "ssh", "-launcher-exec", agent, "-hosts", hosts, "-np", "\(ranks)"]
  return try Launch.takingTurns {
    try run(
      Library.mpirun, Launch.limit + options + [Repository.lockstep] + arguments,
      environment: Launch.environment(ranks: ranks).merging(environment) { $1 })
  }
}

enum Launch {
  /// A job must end within this many seconds; most take half a second. mpirun then cleans up, which a kill would not.
  private static let seconds = "60"
  static let limit = Library.isOpenMPI ? ["--timeout", seconds] : []

  /// The most jobs at a time: each spends much of its time starting, and a machine has few cores.
  private static let jobsAtOnce = 2
  private static let turns = DispatchSemaphore(value: jobsAtOnce)

  static func takingTurns<T>(_ body: () throws -> T) rethrows -> T {
    turns.wait()
    defer { turns.signal() }
    return try body()
  }

  /// mpirun's arguments.
  static func arguments(_ groups: [RankGroup]) -> [String] {
    let hosts = Library.isOpenMPI ? ["--hostfile", Repository.root + "/hostfile"] : []
    let contexts = groups.map { group in
      ["-np", String(group.count)] + hosts + group.wrapper + [Repository.lockstep] + group.arguments
    }
    return limit + contexts.joined(separator: [":"])
  }

  /// The variables that a user would export for mpirun, and for scripts, on this machine.
  static func environment(ranks: Int) -> [String: String] {
    guard Library.isOpenMPI else { return ["MPI": "mpich", "MPIEXEC_TIMEOUT": seconds] }
    var variables = ["MPI": "", "OMPI_MCA_hwloc_base_binding_policy": "none"]
    // Waiting ranks must yield, because not every rank of every job has a core.
    if ranks * jobsAtOnce > ProcessInfo.processInfo.activeProcessorCount {
      variables["OMPI_MCA_mpi_yield_when_idle"] = "1"
    }
    if geteuid() == 0 {
      // Open MPI refuses root unless told twice; in a container root is the only user.
      variables["OMPI_ALLOW_RUN_AS_ROOT"] = "1"
      variables["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1"
    }
    return variables
  }
}
