import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Evaluates a saved model on a dataset's test samples. For a run directory, the data defaults to the run's, and an
/// unfinished run's newest checkpoint is used.
public struct EvaluationRun {
  /// A `model.safetensors`, or a run directory.
  public let path: String
  /// The directory of the IDX files; nil for the run's own data, or `DataSource.resolve`.
  public var data: String?
  /// A file for the class predicted for each test sample, one a line.
  public var predictions: String?
  /// The threads of this rank; nil for its share of the processors.
  public var threads: Int?
  private let listener: RunListener

  /// An evaluation of the model at `path`, with its results reported to `listener`.
  public init(of path: String, listener: RunListener) { (self.path, self.listener) = (path, listener) }

  /// Reports the accuracy to the listener, and writes the predictions. Collective, with the same values on all ranks
  /// except `data` and `threads`.
  ///
  /// Throws `LockstepError` or `AgreedError` (usage, data or failure).
  public func run(_ collective: any Collective) throws {
    try collective.together {
      if collective.rank == 0, let predictions { try checkOutput(predictions, option: "--predictions") }
    }
    let former = try formerRun(collective)
    let saved = try former?.checkpoint == nil ? collective.together { try Model(path: path) } : nil
    let team = try makeTeam(threads, collective)
    let (_, dataset) = try loadData(
      data, for: saved == nil ? .training : .evaluation, of: former, at: path, collective, team, listener)
    try collective.together { try requireTestSamples(dataset) }
    listener.warn(of: dataset, collective)
    let model = try collective.together {
      if let saved { return saved }
      return try Model(former!.checkpoint!, path: former!.checkpointPath!, dataset: dataset, team: team)
    }
    try collective.together {
      guard collective.rank == 0, let predictions else { return }
      try requireNoInput(predictions, option: "--predictions", inputs: inputs(dataset))
    }
    try collective.requireSame(
      [Fact(path, "a model of digest \(model.parameters.digest.hexadecimal)")],
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
      if let predictions, let classes {
        let lines = classes.map { "\($0)\n" }.joined()
        try replaceFile(predictions, with: Array(lines.utf8), option: "--predictions")
      }
      try listener.result(summary(test, dataset: dataset.name))
    }
  }

  /// If the argument is a run directory, the run's data and, if it is unfinished, its newest checkpoint. Collective.
  private func formerRun(_ collective: any Collective) throws -> FormerRun? {
    let (isRun, isUnfinished) =
      collective.rank == 0
      ? (RunDirectory.isRun(at: path), RunDirectory.isUnfinished(at: path)) : (false, false)
    let kinds = try collective.broadcast([isRun ? 1 : 0, isUnfinished ? 1 : 0], from: 0)
    guard kinds[0] == 1 else { return nil }
    guard kinds[1] == 1 else { return try FormerRun(dataOf: path, collective: collective) }
    let former = try FormerRun(
      checkpointAt: path, collective: collective, fix: "Restore one, or go on with the run to its end",
      tell: listener.warn)
    if let checkpoint = former.checkpoint, collective.rank == 0 {
      listener.tell(
        "\(path): the run is not finished: evaluating its newest checkpoint, of step \(checkpoint.state.step)"
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

  /// The input files, which the predictions must not replace.
  private func inputs(_ dataset: Dataset) -> [String] {
    [path, "\(path)/model.safetensors"] + inputFiles(of: dataset)
  }
}
