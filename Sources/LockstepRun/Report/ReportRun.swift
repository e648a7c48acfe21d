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
  /// A single run whose data or model cannot be used has a report without them, which says why, unless there is one
  /// with them. Of several, what is no run is left out. Throws `LockstepError` or `AgreedError`: data for what is no
  /// run, usage for an output that is another file, failure if it cannot be written.
  public func run(_ collective: any Collective) throws {
    let target = output ?? (paths.count == 1 ? "\(paths[0])/\(Self.fileName)" : Self.fileName)
    let (runs, former) = try collective.together { () -> ([ReportedRun], former: [UInt8]) in
      guard collective.rank == 0 else { return ([], []) }
      return (try readRuns(), try Self.readOwn(target))
    }
    var (view, lacking): (ModelView?, String?)
    if paths.count == 1 {
      // Rank 0's flag decides for all.
      let isGiven = try collective.broadcast([data == nil ? 0 : 1], from: 0) == [1]
      do { view = try look(collective) } catch let error as AgreedError
        where error.exitStatus == LockstepError.Kind.data.rawValue && !isGiven
      {
        try collective.together {
          guard collective.rank == 0 else { return }
          lacking = try self.lacking(error, runs[0], former, target)
        }
      }
    }
    try collective.together {
      guard collective.rank == 0 else { return }
      let report = RunReport(runs: runs, view: view, lacking: lacking)
      try replaceFile(target, with: Array(report.html.utf8))
      if let run = runs.first, runs.count == 1 {
        for finding in Finding.all(in: run.history, view) { listener.warn(finding.text) }
      }
      // The page itself may have gone to the terminal.
      if isOwnFile(target) { try listener.result(target) }
    }
  }

  /// Those of several that can be read, if any can.
  private func readRuns() throws -> [ReportedRun] {
    var (runs, failure): ([ReportedRun], (any Error)?) = ([], nil)
    for path in paths {
      do { runs.append(try ReportedRun(at: path)) } catch {
        if paths.count > 1 { listener.warn("left out: \(error)") }
        failure = failure ?? error
      }
    }
    if runs.isEmpty, let failure { throw failure }
    return runs
  }

  /// Why there is no view, for the page; throws for a page that has one, which would be lost.
  private func lacking(_ error: AgreedError, _ run: ReportedRun, _ former: [UInt8], _ target: String) throws
    -> String
  {
    let hasFailed = run.end == nil && !run.history.events("error").isEmpty
    guard !RunReport.hasView(former) else {
      throw LockstepError(
        .data, target, expected: "the data of the run, to draw its pictures anew",
        found: oneLine(error.message),
        fix: "It is left as it is: give the data by --data, or another --output")
    }
    if hasFailed { return RunReport.failed }
    listener.warn("no figures of classes: \(error.message)")
    return "There are no pictures and no figures of classes: \(error.message)."
  }

  /// The report that is there. Throws if the file is something else.
  private static func readOwn(_ path: String) throws -> [UInt8] {
    guard isOwnFile(path) else { return [] }
    let found = (try? readFile(path, limit: 1 << 30, kind: .usage)) ?? []
    guard found.starts(with: RunReport.mark.utf8) || found.isEmpty else {
      throw LockstepError(
        .usage, "--output \(path)", expected: "a new file or an earlier report", found: "something else",
        fix: "Choose another --output")
    }
    return found
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
      return (try Model(path: path), try ReportedRun.recipe(of: path))
    }
    try collective.together { try require(dataset, model, path) }
    let evaluator = try collective.together {
      try Evaluator(
        model.network, normalization: model.normalization, regression: model.regression,
        collective: collective, team: team)
    }
    let held = recipe.sampler(datasetCount: dataset.train.count).heldBack
    var view = try ModelView(of: model, recipe, dataset, validation: held, evaluator, team)
    view?.checkpointStep = unfinished?.checkpoint?.state.step
    return view
  }

  /// Throws for other data than the run's.
  private func require(_ dataset: Dataset, _ model: Model, _ path: String) throws {
    try model.check(dataset)
    guard let receipt = try? ReportedRun.receipt(of: path), receipt.datasetDigest != dataset.checksum
    else { return }
    throw LockstepError(
      .data, dataset.name, expected: "the run's data, of digest \(receipt.datasetDigest.hexadecimal)",
      found: dataset.checksum.hexadecimal, fix: "Give the directory that they are in by --data")
  }
}
