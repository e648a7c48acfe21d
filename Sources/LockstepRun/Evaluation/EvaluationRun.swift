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
  /// A file for what is predicted for each test sample, as CSV: `predicted,label,p0,p1,...`, where pN is the
  /// probability of class N; or of numbers, `y0,y1,...,target0,target1,...`.
  public var predictions: String?
  /// Whether the result is one line of JSON, instead of tables and the lines that end a training.
  public var json = false
  /// The threads of this rank; nil for its share of the processors.
  public var threads: Int?
  private let listener: RunListener

  /// An evaluation of the model at `path`, with its results reported to `listener`.
  public init(of path: String, listener: RunListener) { (self.path, self.listener) = (path, listener) }

  /// Reports the figures of all classes to the listener, and writes the predictions. Collective, with the same values
  /// on all ranks except `data` and `threads`.
  ///
  /// Throws `LockstepError` or `AgreedError` (usage, data or failure).
  public func run(_ collective: any Collective) throws {
    try collective.together {
      if collective.rank == 0, let predictions { try checkOutput(predictions, option: "--predictions") }
    }
    let team = try makeTeam(threads, collective)
    let (model, dataset, test) = try load(collective, team)
    let evaluator = try collective.together {
      try Evaluator(
        model.network, normalization: model.normalization, regression: model.regression,
        collective: collective, team: team)
    }
    let report = try judge(model, evaluator, test)
    let file = try writePredictions(of: model, report, test, evaluator, collective)
    try collective.together {
      try dataset.requireUnchanged()
      guard collective.rank == 0 else { return }
      try file?.commit()
      let weights = model.parameters.digest.hexadecimal
      try listener.result(
        json
          ? report.json(dataset: dataset.name, weights: weights)
          : report.text + "\n" + summary(report.evaluation, dataset: dataset.name))
    }
  }

  /// Collective.
  private func judge(_ model: Model, _ evaluator: Evaluator, _ test: Split) throws -> any EvaluationReport {
    guard model.regression == nil else {
      return RegressionReport(evaluation: try evaluator.evaluate(model.parameters, on: test))
    }
    var report = try evaluator.report(model.parameters, on: test)
    report.names = model.classNames
    return report
  }

  /// The model, the same on all ranks, data that it can take, and the test samples with its labels. Collective.
  private func load(_ collective: any Collective, _ team: ThreadTeam) throws -> (Model, Dataset, Split) {
    let former = try formerRun(collective)
    let saved = try former?.checkpoint == nil ? collective.together { try Model(path: path) } : nil
    let (source, dataset) = try loadData(
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
    if collective.rank == 0, let warning = model.warning(of: dataset.test.images, dataset.name) {
      listener.warn(oneLine(warning))
    }
    let names = try classNames(of: source, collective)
    let test = try collective.together { try model.matching(dataset.test, names: names, path: dataset.name) }
    return (model, dataset, test)
  }

  /// Those that rank 0 finds recorded with the data; nil for none. Collective.
  private func classNames(of source: DataSource, _ collective: any Collective) throws -> [String]? {
    let own = try collective.together {
      guard collective.rank == 0, case .directory(let path) = source else { return [UInt8]() }
      return Array((try ImportRecord(directory: path)?.classes ?? []).joined(separator: "\0").utf8)
    }
    let bytes = try collective.broadcast(own, from: 0)
    guard !bytes.isEmpty else { return nil }
    return bytes.split(separator: 0, omittingEmptySubsequences: false).map {
      String(decoding: $0, as: UTF8.self)
    }
  }

  /// Rank 0's file, complete but for its name; nil on other ranks, and if none is asked for. Collective.
  private func writePredictions(
    of model: Model, _ report: any EvaluationReport, _ test: Split, _ evaluator: Evaluator,
    _ collective: any Collective
  ) throws -> PredictionsFile? {
    guard let predictions else { return nil }
    let file = try collective.together {
      try collective.rank == 0
        ? PredictionsFile(predictions, report: report as? ClassificationReport, test) : nil
    }
    try evaluator.predictions(model.parameters, on: test) { try file?.write($0, $1) }
    return file
  }

  /// If the argument is a run directory, the run's data and, if it is unfinished, its newest checkpoint. Collective.
  private func formerRun(_ collective: any Collective) throws -> FormerRun? {
    try FormerRun.unfinished(at: path, doing: "evaluating", collective, listener)
      ?? Self.run(at: path, collective)
  }

  /// Where the data of a run is; nil if there is no run at `path`. Collective.
  private static func run(at path: String, _ collective: any Collective) throws -> FormerRun? {
    let isRun = collective.rank == 0 && RunDirectory.isRun(at: path)
    guard try collective.broadcast([isRun ? 1 : 0], from: 0) == [1] else { return nil }
    return try FormerRun(dataOf: path, collective: collective)
  }

  /// The dataset of test samples for a saved model: the one that the flag names, else that of the run at `path`, else
  /// `DataSource.resolve`. Collective.
  package static func dataset(
    _ flag: String?, of path: String, _ collective: any Collective, _ team: ThreadTeam,
    _ listener: RunListener
  ) throws -> Dataset {
    let former = try run(at: path, collective)
    return try loadData(flag, for: .evaluation, of: former, at: path, collective, team, listener).1
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
