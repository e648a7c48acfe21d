import LockstepSupport
import LockstepTraining

extension ClassificationReport {
  /// With more classes than these the confusion matrix is a list of what is not 0.
  private static let mostClassesOfMatrix = 1000

  /// One line of JSON for programs. A figure that would be 0/0 is null.
  package func json(dataset: String, weights: String) -> String {
    var line = JSONLine()
    line.add("dataset", dataset)
    line.add("samples", evaluation.count)
    line.add("hits", evaluation.hits)
    line.add("accuracy", evaluation.accuracy)
    line.add("loss", evaluation.loss)
    line.add("weights", weights)
    line.add("classes", classes.count)
    if classes.count == 2 { line.add("auc", areaUnderCurve) }
    if let topFiveHits { line.add("top5_accuracy", fraction(topFiveHits)) }
    var means = JSONLine()
    means.add(macro.precision, macro.recall, macro.f1)
    line.add("macro", means)
    line.add("per_class", classes.indices.map { self.line(number: $0) })
    if classes.count <= Self.mostClassesOfMatrix {
      line.add("confusion_matrix", matrix)
    } else {
      line.add("confusions", confusions.map { [$0.actual, $0.predicted, $0.count] })
    }
    return line.text
  }

  private func line(number: Int) -> JSONLine {
    let figures = classes[number]
    var line = JSONLine()
    line.add("class", number)
    if let names { line.add("name", names[number]) }
    line.add("samples", figures.samples)
    line.add("predicted", figures.predicted)
    line.add(figures.precision, figures.recall, figures.f1)
    return line
  }

  /// Rows are actual, columns predicted classes.
  private var matrix: [[Int]] {
    var rows = [[Int]](repeating: [Int](repeating: 0, count: classes.count), count: classes.count)
    for confusion in confusions { rows[confusion.actual][confusion.predicted] = confusion.count }
    return rows
  }

  /// A number of samples as a part of all.
  func fraction(_ samples: Int) -> Double {
    evaluation.count == 0 ? 0 : Double(samples) / Double(evaluation.count)
  }
}

extension JSONLine {
  fileprivate mutating func add(_ precision: Double?, _ recall: Double?, _ f1: Double?) {
    add("precision", precision)
    add("recall", recall)
    add("f1", f1)
  }
}
