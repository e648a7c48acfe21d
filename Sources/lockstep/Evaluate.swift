import ArgumentParser
import LockstepCore

struct Evaluate: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reports what a saved model makes of a dataset's test samples.",
    discussion: """
      Precision, recall and F1 of each class, their means, the confusion matrix, AUC of two classes, top-5 accuracy of \
      more than ten, accuracy and loss. Of a run it takes the run's data where --data is not given, and of one that is \
      not finished the newest checkpoint.
      """
  )

  @Argument(help: "A model.safetensors, or a run directory.") var model: String
  @Option(help: ArgumentHelp("The directory of the IDX files, or a dataset's name.", valueName: "dir"))
  var data: String?
  @Option(
    help: ArgumentHelp(
      "Write CSV, a line for each test sample: predicted,label,p0,p1,..., pN the probability of class N.",
      valueName: "file"))
  var predictions: String?
  @Flag(help: "One line of JSON; what would be 0/0 is null.") var json = false
  @Option(help: "Threads of each rank.") var threads: Int?

  var sharesMemory: Bool { true }

  func validate() throws {
    if predictions?.isEmpty == true { throw ValidationError("--predictions: expected a file, found ''") }
  }

  func run(_ collective: any Collective) throws {
    let listener = RunListener(tell: tell, result: { try writeResult($0 + "\n") })
    var evaluation = EvaluationRun(of: model, listener: listener)
    (evaluation.data, evaluation.predictions, evaluation.threads) = (data, predictions, threads)
    evaluation.json = json
    try evaluation.run(collective)
  }
}
