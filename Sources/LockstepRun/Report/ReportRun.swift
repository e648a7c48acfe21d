import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining
import PlatformC

/// Writes a page about a run, with what its model makes of samples, or one that compares several.
public struct ReportRun {
  /// The run directories.
  public let paths: [String]
  /// The file to write; nil for `report.html` in the directory of the run, of several in the working directory.
  public var output: String?
  /// The directory of the IDX files of a run; nil for its own.
  public var data: String?
  /// The threads of this rank; nil for its share of the processors.
  public var threads: Int?
  private let listener: RunListener

  /// The file's name in a run directory.
  public static let fileName = "report.html"

  /// A report on runs, whose path is reported to `listener`.
  public init(on paths: [String], listener: RunListener) { (self.paths, self.listener) = (paths, listener) }

  /// Writes the file, on rank 0. Collective, with the same values on all ranks except `data` and `threads`.
  ///
  /// A single run whose data or model cannot be used has a report without them, which says why. Throws `LockstepError`
  /// or `AgreedError`: data for what is no run, usage for an output that is another file, failure if it cannot be
  /// written.
  public func run(_ collective: any Collective) throws {
    let target = output ?? (paths.count == 1 ? "\(paths[0])/\(Self.fileName)" : Self.fileName)
    let runs = try collective.together { () -> [ReportedRun] in
      guard collective.rank == 0 else { return [] }
      let runs = try paths.map { try ReportedRun(at: $0) }
      try Self.requireOwn(target)
      return runs
    }
    var (view, lacking): (ModelView?, String?)
    if paths.count == 1 {
      do { view = try look(collective) } catch let error as AgreedError {
        // Said by the page, and here.
        guard data == nil else { throw error }
        lacking = "There are no pictures and no figures of classes: \(error.message)."
        if collective.rank == 0 { listener.warn("no figures of classes: \(error.message)") }
      }
    }
    try collective.together {
      guard collective.rank == 0 else { return }
      let report = RunReport(runs: runs, view: view, lacking: lacking)
      try replaceFile(target, with: Array(report.html.utf8))
      if let run = runs.first, runs.count == 1 {
        for finding in Finding.all(in: run.history, view) { listener.warn(finding.text) }
      }
      try listener.result(target)
    }
  }

  /// Throws if the file is there and is no report.
  private static func requireOwn(_ path: String) throws {
    guard access(path, F_OK) == 0 else { return }
    let found = (try? readFile(path, limit: 1 << 30, kind: .usage)) ?? []
    guard found.starts(with: RunReport.mark.utf8) || found.isEmpty else {
      throw LockstepError(
        .usage, "--output \(path)", expected: "a new file or an earlier report", found: "something else",
        fix: "Choose another --output")
    }
  }

  /// What there is to see of the run's model, of its newest checkpoint if it is not finished. Collective.
  private func look(_ collective: any Collective) throws -> ModelView? {
    let path = paths[0]
    let team = try makeTeam(threads, collective)
    let unfinished = try FormerRun.unfinished(at: path, doing: "looking at", collective, listener)
    let former =
      try unfinished?.checkpoint == nil ? FormerRun(dataOf: path, collective: collective) : unfinished!
    let (_, dataset) = try loadData(data, for: .training, of: former, at: path, collective, team, listener)
    let (model, recipe) = try collective.together { () -> (Model, Recipe) in
      if let checkpoint = unfinished?.checkpoint, let file = unfinished?.checkpointPath {
        return (try Model(checkpoint, path: file, dataset: dataset, team: team), checkpoint.recipe)
      }
      let yaml = try readFile("\(path)/config.yaml", limit: 1 << 14, kind: .data)
      var recipe = Recipe()
      try recipe.apply(yaml: yaml, path: "\(path)/config.yaml")
      return (try Model(path: path), recipe)
    }
    try collective.together { try require(dataset, model, path) }
    let sampler = Sampler(
      datasetCount: dataset.train.count, batchSize: recipe.batchSize, microBatches: recipe.microBatches,
      seed: recipe.seed, validationSplit: recipe.validationSplit)
    let evaluator = try collective.together {
      try Evaluator(model.network, normalization: model.normalization, collective: collective, team: team)
    }
    let held = sampler.trainingCount < sampler.datasetCount ? sampler.validationIndices : nil
    return try ModelView(of: model, recipe, dataset, validation: held, evaluator, team)
  }

  /// Throws for other data than the run's.
  private func require(_ dataset: Dataset, _ model: Model, _ path: String) throws {
    try model.check(dataset)
    let file = "\(path)/\(Receipt.fileName)"
    guard let bytes = try? readFile(file, limit: 1 << 30, kind: .data),
      let receipt = try? Receipt(json: bytes, path: file), receipt.datasetDigest != dataset.checksum
    else { return }
    throw LockstepError(
      .data, dataset.name, expected: "the run's data, of digest \(receipt.datasetDigest.hexadecimal)",
      found: dataset.checksum.hexadecimal, fix: "Give the directory that they are in by --data")
  }
}
