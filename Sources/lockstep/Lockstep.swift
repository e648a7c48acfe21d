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
    guard Launcher.isPresent else { exit(execute(SingleProcess())) }
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
    let command: any ParsableCommand
    do {
      // Every rank sees the same arguments, so that all of them fail here or none.
      command = try Lockstep.parseAsRoot()
    } catch {
      let status = Lockstep.exitCode(for: error).rawValue
      if collective.rank == 0 {
        let text = Lockstep.fullMessage(for: error) + "\n"
        if status == 0 { print(text, terminator: "") } else { writeError(text) }
      }
      return status
    }
    do {
      if let command = command as? any LockstepCommand {
        try command.run(collective)
      } else if collective.rank == 0 {
        print(Lockstep.helpMessage())
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
}

struct Lockstep: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep",
    abstract: "Trains networks on CPUs over MPI: the same bits on any number of ranks and threads.",
    version: "0.1.0",
    subcommands: [Train.self, Evaluate.self, Digest.self, Synthesize.self])
}

/// A subcommand that all ranks run together.
protocol LockstepCommand: ParsableCommand {
  func run(_ collective: any Collective) throws
}

extension LockstepCommand {
  /// Never called: `Program` gives each command the collective.
  func run() throws {}
}
