import LockstepStorage
import LockstepSupport

extension SweepRun {
  /// The best trials in one page have this many at most: as many as there are colours.
  private static let mostReported = 8

  /// Writes the sweep's `report.html`: the ranking, and the best trials' curves. One that cannot be written is a
  /// warning: the rows are safe. On rank 0.
  func report(_ ranking: SweepRanking, in directory: SweepDirectory) {
    let path = "\(directory.path)/\(ReportRun.fileName)"
    do {
      let best = ranking.best.prefix(Self.mostReported).map { directory.path(ofTrial: $0.trial) }
      let report = RunReport(runs: try best.map { try ReportedRun(at: $0) }, ranking: ranking.text)
      try replaceFile(path, with: Array(report.html.utf8))
    } catch { listener.warn("\(path): there is no report: \(error)") }
  }
}
