import ArgumentParser
@_exported import CommandOutput
import LockstepCore
import LockstepMPI
import MPI
import PlatformC

/// Initialises MPI if a launcher started this process, runs the subcommand, and ensures that an error is reported once
/// and ends all ranks with its status.
@main
enum Program {
  /// When this process started, first asked for by `main`.
  static let started = ContinuousClock.now

  static func main() {
    requireLeastMemory()
    _ = started
    openStandardDescriptors()
    StopRequest.ignoreFailedWrites()
    LaunchReport.open()
    // From the start, so that requests during MPI's initialisation or loading count too.
    if [Train._commandName, Sweep._commandName].contains(CommandLine.arguments.dropFirst().first) {
      StopRequest.catchSignals()
      LaunchReport.ready()
    }
    do { try Sibling.takeOver() } catch {
      writeError("lockstep: \(error)\n")
      end(error.exitStatus)
    }
    guard Launcher.isPresent else { end(execute(SingleProcess())) }
    do {
      let status = try World.run(quota: CPUQuota.least) { world in
        let collective = try MPICollective(world)
        let status = execute(collective)
        try collective.free()
        return status
      }
      end(status)
    } catch {
      writeError("lockstep: \(error)\n")
      end(error is LaunchError ? LockstepError.Kind.usage.rawValue : 1)
    }
  }

  private static func end(_ status: Int32) -> Never {
    LaunchReport.ended(status)
    exit(status)
  }

  /// Returns the exit status. Does not return if only this rank has failed: the others wait for it and must be ended.
  private static func execute(_ collective: any Collective) -> Int32 {
    do {
      // Both the build and the arguments may differ: one node may have an older binary, and mpirun takes several
      // command lines.
      try collective.requireSameBuild()
      let request = request()
      try collective.together { try request.check(rank: collective.rank) }
      try collective.requireSame(request.facts, fix: "Start every rank with the same arguments")
      switch request {
      case .command(let command): try run(command, collective)
      case .text(let text, _):
        try collective.together { if collective.rank == 0 { try writeResult(text + "\n") } }
      }
      return 0
    } catch let error as AgreedError {
      if collective.rank == 0 { writeError("lockstep: \(error.message)\n") }
      return error.exitStatus
    } catch let error as LaunchError {
      writeError("lockstep: \(error)\n")
      return LockstepError.Kind.usage.rawValue
    } catch {
      let status = (error as? LockstepError)?.exitStatus ?? 1
      guard collective.size > 1 else {
        writeError("lockstep: \(error)\n")
        return status
      }
      writeError("lockstep: rank \(collective.rank) on \(collective.hostName): \(error)\n")
      LaunchReport.ended(status)
      World.abort(status: status)
    }
  }

  /// Runs the command while the ranks watch each other.
  private static func run(_ command: any LockstepCommand, _ collective: any Collective) throws {
    if !Launcher.isPresent { try Launcher.requireAlone() }
    if command.sharesMemory, collective.nodeSize > 1, collective.nodeRank == 0 { StaleSegments.remove() }
    let watch = try command.startWatch(collective)
    defer { watch?.stop() }
    try command.run(collective)
  }

  private static func request() -> Request {
    do {
      var command = try Lockstep.parseAsRoot(joiningValues(of: Array(CommandLine.arguments.dropFirst())))
      if let command = command as? any LockstepCommand { return .command(command) }
      try command.run()  // one of ArgumentParser's own commands, which throws the help to show
      return .text("", status: 0)
    } catch {
      let (text, status) = (Lockstep.fullMessage(for: error), Lockstep.exitCode(for: error).rawValue)
      let isHelpOfTrain = status == 0 && text.contains("USAGE: lockstep train ")
      return .text(isHelpOfTrain ? text + "\n" + RecipeOptions.help() : text, status: status)
    }
  }
}

/// What the arguments request.
private enum Request {
  case command(any LockstepCommand)
  /// Help if the status is 0, else an error in the arguments.
  case text(String, status: Int32)

  /// What must be the same on all ranks: everything except where a rank finds the data and its number of threads.
  var facts: [Fact] {
    switch self {
    case .command(let command):
      [Fact("command", "'\(type(of: command)._commandName)'")]
        + command.givenValues.filter { !["--data", "--threads"].contains($0.name) }
    case .text: [Fact("command", "'help'")]
    }
  }

  /// Throws an error in the arguments.
  func check(rank: Int) throws {
    guard case .text(let text, let status) = self, status != 0 else { return }
    let prefix = "Error: "
    throw AgreedError(
      rank: rank, message: text.hasPrefix(prefix) ? String(text.dropFirst(prefix.count)) : text,
      exitStatus: status)
  }
}

struct Lockstep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep",
    abstract: "Trains networks on CPUs over MPI: the same bits on any number of ranks and threads.",
    version: version,
    subcommands: [
      Train.self, Sweep.self, Evaluate.self, Export.self, Digest.self, Synthesize.self, Import.self,
      Predict.self, Curves.self, Report.self, Metrics.self, Compare.self, Verify.self, Doctor.self,
    ])
}

extension Lockstep {
  /// What `--version` says. The library tells its version without being initialised.
  private static var version: String {
    let builds = InstructionSet.names.filter(InstructionSet.has).joined(separator: ", ")
    return """
      lockstep \(Build.version), numerical contract \(Build.contract)
      \(World.libraryVersion)
      instruction sets of this CPU: \(builds); in use: \(InstructionSet.current)
      """
  }
}

/// A subcommand that all ranks run together.
protocol LockstepCommand: ParsableCommand {
  func run(_ collective: any Collective) throws
  /// Starts a watch that ends the job if a rank stalls; nil for none.
  func startWatch(_ collective: any Collective) throws -> StallWatch?
  /// Whether the ranks of a node share memory besides heartbeats.
  var sharesMemory: Bool { get }
}

extension LockstepCommand {
  func startWatch(_ collective: any Collective) throws -> StallWatch? {
    collective.size > 1 ? try watch(collective, timeout: 60, advice: "start again") : nil
  }

  /// A watch of what goes on with --resume, and has --stall-timeout.
  func watch(_ collective: any Collective, stallTimeout: Int) throws -> StallWatch? {
    guard stallTimeout > 0 else { return nil }
    return try watch(
      collective, timeout: Double(stallTimeout),
      advice: "go on with --resume, or wait longer with a larger --stall-timeout (0: for ever)")
  }

  private func watch(_ collective: any Collective, timeout: Double, advice: String) throws -> StallWatch {
    try StallWatch(
      timeout: timeout, words: .init(advice: advice, describe: Phase.describe), collective: collective,
      tell: warn, end: endStalled)
  }

  var sharesMemory: Bool { false }

  /// Never called: `Program` gives each command the collective.
  func run() throws {}
}

/// Ends a job in which a rank is stalled: the launcher ends the others once this process has ended. MPI_Abort may only
/// be called by the main thread, which may be the one that is stuck.
@Sendable func endStalled(_ message: String?) -> Never {
  if let message { writeError("lockstep: \(message)\n") }
  LaunchReport.ended(1)
  _exit(1)
}
