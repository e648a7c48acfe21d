import ArgumentParser
import CommandOutput
import LockstepCore
import PlatformC

/// `lockstep import` and `lockstep predict`, which need the libraries of picture formats: a program of its own, so that
/// nodes that only train need none of them. `lockstep` starts it.
@main
enum Program {
  static func main() {
    requireLeastMemory()
    openStandardDescriptors()
    StopRequest.ignoreFailedWrites()
    do {
      var command = try parsed()
      try command.run()
    } catch let error as LockstepError {
      writeError("lockstep: \(error)\n")
      exit(error.exitStatus)
    } catch let error as AgreedError {
      writeError("lockstep: \(error.message)\n")
      exit(error.exitStatus)
    } catch let error as ArgumentsMessage {
      if error.status != 0 {
        writeError("lockstep: \(error.text)\n")
      } else {
        do { try writeResult(error.text + "\n") } catch { exit(1) }
      }
      exit(error.status)
    } catch let error as ExitCode {
      exit(error.rawValue)
    } catch {
      writeError("lockstep: \(error)\n")
      exit(1)
    }
  }

  /// A list on standard input, "-", is no value of a flag before it.
  private static var joinedArguments: [String] {
    CommandLine.arguments.dropFirst().split(separator: "-", omittingEmptySubsequences: false)
      .map { joiningValues(of: Array($0)) }.joined(separator: ["-"]).map { $0 }
  }

  private static func parsed() throws -> any ParsableCommand {
    do {
      let command = try Root.parseAsRoot(joinedArguments)
      guard command is Import || command is Predict else {
        var command = command
        try command.run()
        return command
      }
      return command
    } catch {
      let text = Root.fullMessage(for: error)
      throw ArgumentsMessage(
        text: text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text,
        status: Root.exitCode(for: error).rawValue)
    }
  }
}

/// Help, or what is wrong with the arguments.
private struct ArgumentsMessage: Error {
  var text: String
  var status: Int32
}

/// The command as users see it.
private struct Root: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "lockstep", abstract: "What needs libraries of picture formats.", version: Build.version,
    subcommands: [Import.self, Predict.self])
}
