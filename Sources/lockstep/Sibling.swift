import ArgumentParser
import LockstepCore
import MPI
import PlatformC

/// A subcommand that is in a program of its own, `lockstep-import`, because it needs libraries that nodes do not have:
/// listed in the help, and handed over with all its arguments.
protocol SiblingCommand: ParsableCommand {}

struct Import: SiblingCommand {
  static let configuration = CommandConfiguration(
    abstract: "Makes a dataset of your own pictures, arrays or tables.")
  @Argument(parsing: .captureForPassthrough, help: .hidden) var arguments: [String] = []
}

struct Predict: SiblingCommand {
  static let configuration = CommandConfiguration(abstract: "Says what a saved model makes of pictures.")
  @Argument(parsing: .captureForPassthrough, help: .hidden) var arguments: [String] = []
}

enum Sibling {
  private static let commands: [any SiblingCommand.Type] = [Import.self, Predict.self]
  private static let name = "lockstep-import"

  /// Becomes the sibling where the arguments ask for one of its subcommands, or for its help. Of several ranks the
  /// first does all the work. Returns otherwise.
  static func takeOver() throws(LockstepError) {
    var arguments = Array(CommandLine.arguments.dropFirst())
    let names = commands.map { $0._commandName }
    if arguments.first == "help", arguments.count > 1, names.contains(arguments[1]) {
      arguments = [arguments[1], "--help"]
    }
    guard let command = arguments.first, names.contains(command) else { return }
    if let rank = Launcher.rank, rank > 0 { exit(0) }
    let directory = directoryOfThisProgram
    let places = ["\(directory)/\(name)", "\(directory)/../libexec/lockstep/\(name)"]
    guard let path = places.first(where: { access($0, X_OK) == 0 }) else {
      throw LockstepError(
        .failure, command, expected: "\(name) in \(directory) or \(directory)/../libexec/lockstep",
        found: "none",
        fix: "It is built by scripts/setup && swift build -c release --product \(name), and put in place by "
          + "scripts/install PREFIX")
    }
    let words = ([path] + arguments).map { strdup($0) } + [nil]
    execv(path, words)
    throw LockstepError(
      .failure, path, expected: "a program that can be started", found: String(cString: strerror(errno)),
      fix: "Build or install it again")
  }

  private static var directoryOfThisProgram: String {
    var path = linkTarget(of: "/proc/self/exe") ?? realPath(CommandLine.arguments[0])
    while let last = path.popLast(), last != "/" {}
    return path
  }
}
