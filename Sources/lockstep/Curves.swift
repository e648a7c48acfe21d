import ArgumentParser
import LockstepCore
import PlatformC

struct Curves: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Draws loss and accuracy of runs in the terminal.",
    discussion: """
      Of one run those of training, validation and test samples, of several the same quantity of each. A run that \
      still trains can be looked at.
      """)

  @Argument(help: "Run directories.") var runs: [String]

  func validate() throws {
    if runs.isEmpty { throw ValidationError("curves: expected the directory of a run, found none") }
  }

  func run(_ collective: any Collective) throws {
    try collective.together {
      guard collective.rank == 0 else { return }
      let columns = min(Terminal.columnsOfStandardOutput ?? 80, 80)
      let colours = Terminal.columnsOfStandardOutput != nil && getenv("NO_COLOR") == nil
      try writeResult(RunCurves(of: runs).text(columns: columns, colours: colours))
    }
  }
}
