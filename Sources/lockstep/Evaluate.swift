import ArgumentParser
import LockstepCore

struct Evaluate: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reports a saved model's accuracy on a dataset's test samples.",
    discussion:
      "Of a run it takes the run's data where --data is not given, and of one that is not finished the newest checkpoint."
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
    try collective.together {
      if collective.rank == 0, let predictions { try checkOutput(predictions, option: "--predictions") }
    }
    let former = try formerRun(collective)
    let saved = try former?.checkpoint == nil ? collective.together { try Model(path: self.model) } : nil
    let team = try makeTeam(threads, collective)
    let (_, dataset) = try loadData(
      data, for: saved == nil ? .training : .evaluation, of: former, at: self.model, collective, team)
    try collective.together { try requireTestSamples(dataset) }
    warn(of: dataset, collective)
    let model = try collective.together {
      if let saved { return saved }
      return try Model(former!.checkpoint!, path: former!.checkpointPath!, dataset: dataset, team: team)
    }
    try collective.together {
      guard collective.rank == 0, let predictions else { return }
      try requireNoInput(predictions, option: "--predictions", inputs: inputs(dataset))
    }
    try collective.requireSame(
      [Fact(self.model, "a model of digest \(model.parameters.digest.hexadecimal)")],
      fix: "Copy one node's model to the others, or use a directory that all nodes share")
    try collective.together { try model.check(dataset) }
    let evaluator = try collective.together {
      try Evaluator(model.network, normalization: model.normalization, collective: collective, team: team)
    }
    let test = try evaluator.evaluate(model.parameters, on: dataset.test)
    let classes = try predictions.map { _ in try evaluator.predictions(model.parameters, on: dataset.test) }
    try collective.together {
      try dataset.requireUnchanged()
      guard collective.rank == 0 else { return }
      if let path = predictions, let classes {
        let lines = classes.map { "\($0)\n" }.joined()
        try replaceFile(path, with: Array(lines.utf8), option: "--predictions")
      }
      try writeResult(summary(test, dataset: dataset.name) + "\n")
    }
  }

  /// What is known of the run where the argument is the directory of one: its data, and where it is not finished its newest
  /// checkpoint. Collective.
  private func formerRun(_ collective: any Collective) throws -> FormerRun? {
    let (isRun, isUnfinished) =
      collective.rank == 0
      ? (RunDirectory.isRun(at: model), RunDirectory.isUnfinished(at: model)) : (false, false)
    let kinds = try collective.broadcast([isRun ? 1 : 0, isUnfinished ? 1 : 0], from: 0)
    guard kinds[0] == 1 else { return nil }
    guard kinds[1] == 1 else { return try FormerRun(dataOf: model, collective: collective) }
    let former = try FormerRun(
      checkpointAt: model, collective: collective, fix: "Restore one, or go on with the run to its end",
      tell: warn)
    if let checkpoint = former.checkpoint, collective.rank == 0 {
      tell(
        "\(model): the run is not finished: evaluating its newest checkpoint, of step \(checkpoint.state.step)"
      )
    }
    return former
  }

  private func requireTestSamples(_ dataset: Dataset) throws {
    guard dataset.test.count == 0 else { return }
    throw LockstepError(
      .data, dataset.name, expected: "test files, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte",
      found: "training files only", fix: "Put the test files there, or name a dataset that has some by --data"
    )
  }

  /// The files that are read, which the predictions must not replace.
  private func inputs(_ dataset: Dataset) -> [String] {
    [model, "\(model)/model.safetensors"] + fileNames(in: dataset.name).map { "\(dataset.name)/\($0)" }
  }
}
