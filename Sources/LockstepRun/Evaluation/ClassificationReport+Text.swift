import LockstepSupport
import LockstepTraining

extension ClassificationReport {
  /// With more classes than these only some are listed, those with the lowest F1.
  private static let mostClassesListed = 100
  private static let classesOfMany = 20

  /// Tables of the classes and of what is taken for what, without a line that begins as the result's lines do.
  package var text: String {
    var lines = classLines + confusionLines
    if classes.count == 2 {
      lines.append(areaUnderCurve.map { "AUC \(fixed($0, 4))" } ?? "AUC -: all samples are of one class")
    }
    if let topFiveHits {
      lines.append(
        "top-5 accuracy \(percent(fraction(topFiveHits))) (\(topFiveHits)/\(evaluation.count))")
    }
    return lines.joined(separator: "\n")
  }

  private var classLines: [String] {
    func cell(_ figure: Double?) -> String { figure.map(percent) ?? "-" }
    let rows = listed.map { number in
      let figures = classes[number]
      return ["\(number)"] + name(number) + ["\(figures.samples)"]
        + [figures.precision, figures.recall, figures.f1].map(cell)
    }
    let means =
      ["macro"] + (names == nil ? [] : [""]) + ["\(evaluation.count)"]
      + [macro.precision, macro.recall, macro.f1].map(percent)
    let head = ["class"] + (names == nil ? [] : ["name"]) + ["samples", "precision", "recall", "F1"]
    let table = aligned([head] + rows + [means], gap: 2)
    guard listed.count < classes.count else { return table }
    return ["the \(listed.count) of \(classes.count) classes with the lowest F1, and the mean of all"] + table
  }

  /// The column of the names, if there are any.
  private func name(_ number: Int) -> [String] { names == nil ? [] : [title(number)] }

  /// All classes, or the worst of many that have samples, by their numbers.
  private var listed: [Int] {
    guard classes.count > Self.mostClassesListed else { return Array(classes.indices) }
    let worst = classes.indices.filter { classes[$0].samples > 0 }
      .sorted { (classes[$0].f1 ?? 0, $0) < (classes[$1].f1 ?? 0, $1) }
    return Array(worst.prefix(Self.classesOfMany))
  }
}

/// Rows of as many cells, each column as wide as its widest cell, to the right; the last to the left where it is text.
func aligned(_ rows: [[String]], gap: Int, isLastToTheLeft: Bool = false) -> [String] {
  let widths = rows[0].indices.map { column in rows.map { $0[column].count }.max()! }
  return rows.map { row in
    let cells = row.indices.map { column in
      let isLeft = isLastToTheLeft && column == row.count - 1
      return isLeft
        ? row[column] : String(repeating: " ", count: widths[column] - row[column].count) + row[column]
    }
    return cells.joined(separator: String(repeating: " ", count: gap))
  }
}
