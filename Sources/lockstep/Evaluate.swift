import ArgumentParser
import LockstepCore

struct Evaluate: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reports a saved model's accuracy on a dataset's test samples.",
    discussion:
      "Of a run it takes the run's data where --data is not given, and of one that is not finished the newest "
      + "checkpoint."
  )

  @Argument(help: "A model.safetensors, or a run directory.") var model: String
  @Option(help: ArgumentHelp("The directory of the IDX files.", valueName: "dir")) var data: String?
  @Option(
    help: ArgumentHelp("Write the class predicted for each test sample, one a line.", valueName: "file"))
  var predictions: String?
  @Option(help: "Threads of each rank.") var threads: Int?

  var sharesMemory: Bool { true }

  func validate() throws {
    if predictions?.isEmpty == true { throw ValidationError("--predictions: expected a file, found ''") }
  }

  func run(_ collective: any Collective) throws {
    let listener = RunListener(tell: tell, result: { try writeResult($0 + "\n") })
    var evaluation = EvaluationRun(of: model, listener: listener)
    (evaluation.data, evaluation.predictions, evaluation.threads) = (data, predictions, threads)
    try evaluation.run(collective)
  }
}
