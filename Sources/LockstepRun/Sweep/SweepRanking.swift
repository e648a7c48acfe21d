import LockstepStorage
import LockstepSupport
import LockstepTraining

/// The trials, or the points of several seeds each, from the best.
struct SweepRanking {
  private let plan: SweepPlan
  private let rows: [SweepRow]
  /// The last row of each trial, from the best.
  let best: [SweepRow]

  init(plan: SweepPlan, rows: [SweepRow]) {
    (self.plan, self.rows) = (plan, rows)
    let last = Dictionary(grouping: rows, by: \.trial).values.compactMap { $0.max { $0.rung < $1.rung } }
    best = last.sorted { left, right in
      left.rung == right.rung ? Self.isBetter(left, right) : left.rung > right.rung
    }
  }

  /// By accuracy or R2, then loss, then the order of the grid; one that failed comes after all others.
  static func isBetter(_ left: SweepRow, _ right: SweepRow) -> Bool {
    guard let own = left.validation, let other = right.validation else {
      return left.validation == nil && right.validation == nil
        ? left.trial < right.trial : left.validation != nil
    }
    if own.quality != other.quality { return own.quality > other.quality }
    return own.loss == other.loss ? left.trial < right.trial : own.loss < other.loss
  }

  /// A table, best first, and "sweep 0123456789abcdef", the digest of all rows but their times.
  var text: String {
    let table = plan.choice.seeds == nil ? trialTable : pointTable
    let shown = table.prefix(Self.mostLines)
    let rest = table.count > shown.count ? ["and \(table.count - shown.count) more, in sweep.jsonl"] : []
    let lines = aligned(Array(shown), gap: 2, isLastToTheLeft: true)
    return (lines + rest + ["sweep \(digest)"]).joined(separator: "\n")
  }

  private static let mostLines = 101

  private var trialTable: [[String]] {
    let hasRungs = plan.rungs > 1
    let head = ["rank", "trial"] + (hasRungs ? ["rung"] : []) + ["validation", "loss", "parameters"]
    return [head]
      + best.enumerated().map { place, row in
        let figures =
          row.validation.map { [$0.qualityText, fixed($0.loss, 4)] } ?? ["failed", ""]
        return ["\(place + 1)", "\(row.trial)"] + (hasRungs ? ["\(row.rung)"] : []) + figures
          + [plan.trials[row.trial - 1].label]
      }
  }

  private var pointTable: [[String]] {
    [["rank", "point", "validation", "deviation", "error", "loss", "seeds", "parameters"]]
      + points.enumerated().map { place, point in
        let isKnown = point.quality.count > 0
        let figures =
          isKnown
          ? [
            point.text(point.quality.mean), point.text(point.quality.deviation),
            point.text(point.quality.error), fixed(point.loss.mean, 4),
          ] : ["failed", "", "", ""]
        let seeds = "\(point.quality.count)" + (point.failed > 0 ? ", \(point.failed) failed" : "")
        return ["\(place + 1)", "\(point.number)"] + figures + [seeds, point.label]
      }
  }

  /// Those of which fewer trials failed first, then by the mean accuracy or R2, the mean loss, and the order of the
  /// grid.
  var points: [SweepPoint] {
    let groups = Dictionary(grouping: rows) { plan.trials[$0.trial - 1].point }
    let points = groups.map { SweepPoint(number: $0, $1.sorted { $0.trial < $1.trial }, plan) }
    return points.sorted { left, right in
      if left.failed != right.failed { return left.failed < right.failed }
      if left.quality.mean != right.quality.mean { return left.quality.mean > right.quality.mean }
      if left.loss.mean != right.loss.mean { return left.loss.mean < right.loss.mean }
      return left.number < right.number
    }
  }

  /// Of parameters, figures, weights and the ranking, in 64 bits: the same on any cluster.
  var digest: String {
    var text = ""
    for row in rows.sorted(by: { ($0.rung, $0.trial) < ($1.rung, $1.trial) }) {
      text += "\(row.rung) \(row.trial) \(plan.trials[row.trial - 1].label): "
      switch row.outcome {
      case .done(let validation, let weights):
        text += "\(validation.hits)/\(validation.count) \(validation.loss) \(weights.hexadecimal)\n"
      case .failed(let step, _): text += "failed in step \(step)\n"
      }
    }
    text += best.map { "\($0.trial)" }.joined(separator: " ")
    var digest = SHA256()
    Array(text.utf8).withUnsafeBytes { digest.update($0) }
    return String(digest.finish().prefix(16))
  }
}

/// A point's trials, of several seeds.
struct SweepPoint {
  /// Mean, standard deviation of a sample and standard error of the mean.
  struct Statistics {
    let count: Int
    let mean: Double
    let deviation: Double

    init(_ values: [Double]) {
      count = values.count
      guard count > 0 else {
        (mean, deviation) = (0, 0)
        return
      }
      let mean = values.reduce(0, +) / Double(count)
      let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
      self.mean = mean
      deviation = count > 1 ? (squares / Double(count - 1)).squareRoot() : 0
    }

    var error: Double { count > 0 ? deviation / Double(count).squareRoot() : 0 }
  }

  let number: Int
  let label: String
  /// Accuracies, or R2.
  let quality: Statistics
  let loss: Statistics
  let failed: Int
  private let isOfNumbers: Bool

  /// Of a statistic of `quality`.
  func text(_ quality: Double) -> String { isOfNumbers ? fixed(quality, 4) : percent(quality) }

  /// `rows` in the order of the seeds.
  init(number: Int, _ rows: [SweepRow], _ plan: SweepPlan) {
    self.number = number
    let parameters = plan.trials[rows[0].trial - 1].parameters.map { "\($0.key) \($0.value)" }
    label = parameters.isEmpty ? "the recipe" : parameters.joined(separator: ", ")
    quality = Statistics(rows.compactMap { $0.validation?.quality })
    isOfNumbers = rows.contains { $0.validation?.errors != nil }
    loss = Statistics(rows.compactMap { $0.validation?.loss })
    failed = rows.count { $0.validation == nil }
  }
}

extension Evaluation {
  /// "97.10%", or of numbers R2.
  var qualityText: String { errors.map { fixed($0.r2, 4) } ?? percent(accuracy) }
}
