import ArgumentParser
import LockstepCore
import LockstepMPI
import MPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Starts MPI where a launcher started this process, runs the subcommand, and sees to it that an error is told once and
/// ends all ranks with its status.
@main
enum Program {
  static func main() {
    openStandardDescriptors()
    // From the start: a request that comes while MPI starts or data are loaded is one too.
    if CommandLine.arguments.dropFirst().first == Train._commandName { StopRequest.catchSignals() }
    guard Launcher.isPresent else {
      StaleSegments.remove()
      exit(execute(SingleProcess()))
    }
    do {
      let status = try World.run { world in
        let collective = try MPICollective(world)
        let status = execute(collective)
        try collective.free()
        return status
      }
      exit(status)
    } catch {
      writeError("lockstep: \(error)\n")
      exit(1)
    }
  }

  /// The exit status. Does not return where only this rank has failed: the others wait for it and must be ended.
  private static func execute(_ collective: any Collective) -> Int32 {
    do {
      let request = request()
      // Arguments may differ: mpirun takes several command lines, and one node may have an older binary.
      try collective.together { try request.check(rank: collective.rank) }
      try collective.requireSame(request.name, "command")
      switch request {
      case .command(let command): try command.run(collective)
      case .text(let text, _): if collective.rank == 0 { print(text) }
      }
      return 0
    } catch let error as AgreedError {
      if collective.rank == 0 { writeError("lockstep: \(error.message)\n") }
      return error.exitStatus
    } catch {
      let status = (error as? LockstepError)?.exitStatus ?? 1
      guard collective.size > 1 else {
        writeError("lockstep: \(error)\n")
        return status
      }
      writeError("lockstep: rank \(collective.rank) on \(collective.hostName): \(error)\n")
      World.abort(status: status)
    }
  }

  private static func request() -> Request {
    do {
      var command = try Lockstep.parseAsRoot(joiningValues(of: Array(CommandLine.arguments.dropFirst())))
      if let command = command as? any LockstepCommand { return .command(command) }
      try command.run()  // a command of ArgumentParser's own, which throws the help that it shows
      return .text("", status: 0)
    } catch {
      return .text(Lockstep.fullMessage(for: error), status: Lockstep.exitCode(for: error).rawValue)
    }
  }
}

/// What the arguments ask for.
private enum Request {
  case command(any LockstepCommand)
  /// Help where the status is 0, else what is wrong with the arguments.
  case text(String, status: Int32)

  var name: String {
    switch self {
    case .command(let command): type(of: command)._commandName
    case .text: "help"
    }
  }

  /// Throws what is wrong with the arguments.
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
    version: "0.1.0",
    subcommands: [Train.self, Evaluate.self, Digest.self, Synthesize.self, Doctor.self])
}

/// A subcommand that all ranks run together.
protocol LockstepCommand: ParsableCommand {
  func run(_ collective: any Collective) throws
}

extension LockstepCommand {
  /// Never called: `Program` gives each command the collective.
  func run() throws {}
}
