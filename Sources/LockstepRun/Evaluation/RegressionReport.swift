import LockstepSupport
import LockstepTraining

/// What `evaluate` tells: for people, and as a line of JSON for programs.
protocol EvaluationReport {
  var evaluation: Evaluation { get }
  var text: String { get }
  func json(dataset: String, weights: String) -> String
}

extension ClassificationReport: EvaluationReport {}

/// The errors of each column of numbers.
struct RegressionReport: EvaluationReport {
  let evaluation: Evaluation

  private static let mostLines = 100

  private var columns: [RegressionErrors.Column] { evaluation.errors?.columns ?? [] }

  /// A table of the columns' errors.
  var text: String {
    let rows = columns.prefix(Self.mostLines).enumerated().map { number, column in
      [
        "\(number)", significant(column.meanAbsolute, 4), significant(column.rootMeanSquare, 4),
        fixed(column.r2, 4),
      ]
    }
    let rest = columns.count > rows.count ? ["and \(columns.count - rows.count) more, in --json"] : []
    return (aligned([["target", "MAE", "RMSE", "R2"]] + rows, gap: 2) + rest).joined(separator: "\n")
  }

  func json(dataset: String, weights: String) -> String {
    var line = JSONLine()
    line.add("dataset", dataset)
    line.add("samples", evaluation.count)
    for figure in evaluation.figures { line.add(figure.name, figure.value) }
    line.add("weights", weights)
    line.add("targets", columns.count)
    line.add(
      "per_target",
      columns.enumerated().map { number, column in
        var line = JSONLine()
        line.add("target", number)
        line.add("mae", column.meanAbsolute)
        line.add("rmse", column.rootMeanSquare)
        line.add("r2", column.r2)
        return line
      })
    return line.text
  }
}
