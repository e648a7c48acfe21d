import ArgumentParser
import LockstepCore

struct Evaluate: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Reports a saved model's accuracy on a dataset's test samples.",
    discussion:
      "Of a run that is not finished it takes the newest checkpoint, and the run's data where --data is not given."
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
    let former = try unfinishedRun(collective)
    let saved = try former == nil ? collective.together { try Model(path: self.model) } : nil
    let team = try makeTeam(threads, collective)
    let (_, dataset) = try loadData(
      data, for: former == nil ? .evaluation : .training, of: former, at: self.model, collective, team)
    warn(of: dataset, collective)
    let model = try collective.together {
      if let saved { return saved }
      return try Model(former!.checkpoint!, path: former!.checkpointPath!, dataset: dataset, team: team)
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

  /// The run where the argument is the directory of one that is not finished. Collective.
  private func unfinishedRun(_ collective: any Collective) throws -> FormerRun? {
    let isUnfinished = collective.rank == 0 && RunDirectory.isUnfinished(at: model)
    guard try collective.allGather(isUnfinished ? 1 : 0)[0] == 1 else { return nil }
    let former = try FormerRun(checkpointAt: model, collective: collective, tell: warn)
    guard let checkpoint = former.checkpoint else { return nil }
    if collective.rank == 0 {
      tell(
        "\(model): the run is not finished: evaluating its newest checkpoint, of step \(checkpoint.state.step)"
      )
    }
    return former
  }
}
