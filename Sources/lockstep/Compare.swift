import ArgumentParser
import LockstepCore

struct Compare: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Says whether two runs are the same to the bit, and where they part.",
    discussion: """
      By what they record: the keys of the recipes that decide bits, the data, then the first epoch that ends with \
      other weights. Then both are trained side by side from the last common checkpoint, or from the start where none \
      is kept, to the first step that differs, and the tensor that differs most is named. The status is 1 where they \
      differ.
      """)

  @Argument(help: "A run directory.") var first: String
  @Argument(help: "Another one.") var second: String
  @Option(
    help: ArgumentHelp("The directory of the IDX files of both, where they have moved.", valueName: "dir"))
  var data: String?
  @Option(help: "Threads of each rank (default: the cores that it may use).") var threads: Int?

  var sharesMemory: Bool { true }

  func run(_ collective: any Collective) throws {
    let listener = RunListener(tell: tell, result: { try writeResult($0 + "\n") })
    var comparison = ComparisonRun(of: first, with: second, listener: listener)
    (comparison.data, comparison.threads) = (data, threads)
    try comparison.run(collective)
  }
}
