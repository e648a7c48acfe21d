import LockstepSupport
import LockstepTraining

extension ClassificationReport {
  /// What a terminal shows of a line.
  private static let columns = 100
  private static let mostConfusionsListed = 10

  /// The confusion matrix in numbers; if that is too wide, in percent with the most frequent confusions, or these
  /// alone. Classes that do not occur are left out.
  var confusionLines: [String] {
    let numbers = matrixLines { count, _ in "\(count)" }
    if let numbers { return ["confusion matrix: rows are actual, columns predicted classes"] + numbers }
    let percents = matrixLines { "\(Self.percent($0, of: $1))" }
    guard let percents else { return listLines }
    return ["confusion matrix, % of each row: rows are actual, columns predicted classes"] + percents
      + listLines
  }

  /// Rounded, but 100 only for all.
  private static func percent(_ count: Int, of samples: Int) -> Int {
    count == samples ? 100 : min(99, (200 * count + samples) / (2 * samples))
  }

  /// nil if it is too wide. `cell` writes a number that is not 0, of a row with as many samples.
  private func matrixLines(cell: (_ count: Int, _ samples: Int) -> String) -> [String]? {
    let occurring = classes.indices.filter { classes[$0].occurs }
    // A column needs a digit and a space.
    guard 2 * occurring.count < Self.columns else { return nil }
    let places = Dictionary(uniqueKeysWithValues: zip(occurring, 1...))
    var rows = [[""] + occurring.map { "\($0)" }]
    rows += occurring.map { ["\($0)"] + occurring.map { _ in "." } }
    for confusion in confusions {
      rows[places[confusion.actual]!][places[confusion.predicted]!] =
        cell(confusion.count, classes[confusion.actual].samples)
    }
    let lines = aligned(rows, gap: 1)
    return lines[0].count <= Self.columns ? lines : nil
  }

  /// A class's name, as far as a line has room for it and without what would move a terminal's cursor, or its number.
  func title(_ number: Int) -> String {
    guard let name = names?[number] else { return "\(number)" }
    let shown = String(
      name.unicodeScalars.map { $0.properties.generalCategory == .control ? "?" : Character($0) })
    guard shown.count > 24 else { return shown }
    // Others may begin alike.
    let number = "... (\(number))"
    return shown.prefix(24 - number.count) + number
  }

  /// What is taken for another class, the most frequent first.
  var mistakes: [Confusion] {
    confusions.filter { $0.actual != $0.predicted }
      .sorted { ($1.count, $0.actual, $0.predicted) < ($0.count, $1.actual, $1.predicted) }
  }

  private var listLines: [String] {
    guard !mistakes.isEmpty else { return ["no class is taken for another"] }
    return ["most frequent confusions"]
      + mistakes.prefix(Self.mostConfusionsListed).map { mistake in
        let samples = classes[mistake.actual].samples
        let share = LockstepSupport.percent(Double(mistake.count) / Double(samples))
        let (actual, predicted) = (title(mistake.actual), title(mistake.predicted))
        return "  \(actual) taken for \(predicted): \(mistake.count) of \(samples), \(share)"
      }
  }
}
