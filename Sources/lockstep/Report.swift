import ArgumentParser
import LockstepCore

struct Report: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Writes a page about a run, or one that compares several.",
    discussion: """
      One file of HTML that loads nothing from elsewhere. Of one run: curves, where the time went, the confusion \
      matrix, the most confident mistakes and the first batch as pictures, weights, and how to get it again; train \
      writes it at the end. Of several: the same curves of all, and a table of what differs.
      """)

  @Argument(help: "Run directories.") var runs: [String]
  @Option(
    help: ArgumentHelp(
      "The file (default: report.html in the run, of several in the working directory).", valueName: "file"))
  var output: String?
  @Option(help: ArgumentHelp("The directory of a run's IDX files, where they have moved.", valueName: "dir"))
  var data: String?
  @Option(help: "Threads of each rank (default: the cores that it may use).") var threads: Int?

  var sharesMemory: Bool { true }

  func validate() throws {
    if runs.isEmpty { throw ValidationError("report: expected the directory of a run, found none") }
    if output?.isEmpty == true { throw ValidationError("--output: expected a file, found ''") }
  }

  func run(_ collective: any Collective) throws {
    let listener = RunListener(tell: tell, result: { try writeResult($0 + "\n") })
    var report = ReportRun(on: runs, listener: listener)
    (report.output, report.data, report.threads) = (output, data, threads)
    try report.run(collective)
  }
}
