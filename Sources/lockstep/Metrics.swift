import ArgumentParser
import LockstepCore

struct Metrics: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Prints a run's metrics as a table.",
    discussion: """
      metrics.jsonl itself, a JSON object a line, is what pandas.read_json(..., lines=True) takes. A run that still \
      trains can be read.
      """)

  @Argument(help: "A run directory.") var run: String
  @Flag(help: "CSV, the one format there is: a row for each event, a column for each of their names.")
  var csv = false
  @Option(
    help: ArgumentHelp("Only the events of this kind: epoch, step, ...", valueName: "kind"))
  var event: String?

  func validate() throws {
    if !csv { throw ValidationError("metrics: expected a format, found none. Give --csv, the one there is") }
  }

  func run(_ collective: any Collective) throws {
    try collective.together {
      guard collective.rank == 0 else { return }
      try writeResult(MetricsTable.csv(RunHistory(directory: run), kind: event, path: run))
    }
  }
}
