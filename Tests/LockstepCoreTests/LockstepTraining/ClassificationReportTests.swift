import Foundation
import LockstepCore
import Testing

/// Softmax and the figures of classes against SciPy and scikit-learn: see Tests/Golden/classification.py.
@Suite struct ClassificationReportTests {
  struct Case: Decodable, CustomTestStringConvertible {
    let classes: Int
    let labels: [Int32]
    let logits: [Float]
    let probabilities: [Double]
    let precision: [Double?]
    let recall: [Double?]
    let f1: [Double?]
    let macro: [Double]
    let accuracy: Double
    let confusion: [[Int]]
    let auc: Double?
    let topFive: Double?
    var testDescription: String { "\(labels.count) samples in \(classes) classes" }

    private func logits(_ sample: Int, _ body: (UnsafeBufferPointer<Float>) -> Void) {
      logits[sample * classes..<(sample + 1) * classes].withUnsafeBufferPointer(body)
    }

    /// As `Evaluator.report` makes it, and the probabilities of all samples.
    var found: (report: ClassificationReport, probabilities: [Double]) {
      var (predicted, hits, near): ([Int32], Int, Int) = ([], 0, 0)
      var all = [Double](repeating: 0, count: logits.count)
      for (sample, label) in labels.enumerated() {
        logits(sample) { row in
          predicted.append(Int32(Evaluator.largest(of: row)))
          near += Evaluator.place(of: Int(label), in: row) < 5 ? 1 : 0
          all.withUnsafeMutableBufferPointer {
            Softmax.probabilities(of: row, into: $0.baseAddress! + sample * classes)
          }
        }
        hits += predicted[sample] == label ? 1 : 0
      }
      let report = ClassificationReport(
        Evaluation(loss: 0, hits: hits, count: labels.count), labels: labels, predicted: predicted,
        classes: classes, scores: labels.indices.map { all[$0 * classes + 1] }, topFiveHits: near)
      return (report, all)
    }
  }

  static let cases: [Case] = try! Golden.load("classification.json")

  private func expectClose(_ found: [Double?], _ expected: [Double?], _ what: String) {
    #expect(found.map { $0 == nil } == expected.map { $0 == nil }, "\(what)")
    for (one, other) in zip(found, expected) {
      if let one, let other { #expect(abs(one - other) <= 1e-14, "\(what): \(found)") }
    }
  }

  @Test(arguments: cases) func figuresAreScikitLearns(golden: Case) {
    let (report, probabilities) = golden.found
    expectClose(report.classes.map(\.precision), golden.precision, "precision")
    expectClose(report.classes.map(\.recall), golden.recall, "recall")
    expectClose(report.classes.map(\.f1), golden.f1, "F1")
    expectClose([report.macro.precision, report.macro.recall, report.macro.f1], golden.macro, "macro")
    expectClose([report.evaluation.accuracy], [golden.accuracy], "accuracy")
    expectClose([report.areaUnderCurve], [golden.auc], "AUC")
    let topFive = report.topFiveHits.map { Double($0) / Double(golden.labels.count) }
    expectClose([topFive], [golden.topFive], "top 5")
    expectClose(probabilities, golden.probabilities, "probabilities")
    var matrix = golden.confusion.map { $0.map { _ in 0 } }
    for element in report.confusions { matrix[element.actual][element.predicted] = element.count }
    #expect(matrix == golden.confusion)
    #expect(report.confusions.allSatisfy { $0.count > 0 })
  }

  /// Each kind of case is there.
  @Test func theCasesHaveWhatIsSpecial() {
    #expect(Self.cases.contains { $0.auc != nil } && Self.cases.contains { $0.classes == 2 && $0.auc == nil })
    #expect(Self.cases.contains { $0.topFive != nil })
    for figure in [\Case.precision, \.recall, \.f1] {
      #expect(Self.cases.contains { $0[keyPath: figure].contains(nil) })
    }
    let scores = Self.cases[0].found.probabilities.enumerated().filter { $0.offset % 2 == 1 }.map(\.element)
    #expect(Set(scores).count < scores.count, "no scores are equal")
  }

  /// Of equal logits the first counts as larger, for the class and for its place.
  @Test func equalLogits() {
    [Float](arrayLiteral: 1, 3, 3, 2, 3).withUnsafeBufferPointer { logits in
      #expect(Evaluator.largest(of: logits) == 1)
      #expect(logits.indices.map { Evaluator.place(of: $0, in: logits) } == [4, 0, 1, 3, 2])
    }
  }

  @Test func areasOfFewScores() {
    func area(_ scores: [Double], _ positives: Set<Int>) -> Double? {
      areaUnderCurve(scores: scores) { positives.contains($0) }
    }
    #expect(area([0.1, 0.9], [1]) == 1)
    #expect(area([0.1, 0.9], [0]) == 0)
    #expect(area([0.5, 0.5, 0.5], [1]) == 0.5)
    #expect(area([0.2, 0.2, 0.8, 0.1], [0, 2]) == 0.875)
    #expect(area([0.2, 0.7], [0, 1]) == nil && area([0.2], []) == nil && area([], []) == nil)
  }

  @Test func logitsOfEverySize() {
    let logits: [Float] = [.greatestFiniteMagnitude, 0, -.infinity, -.greatestFiniteMagnitude]
    var probabilities = [Double](repeating: -1, count: 4)
    logits.withUnsafeBufferPointer { Softmax.probabilities(of: $0, into: &probabilities) }
    #expect(probabilities == [1, 0, 0, 0])
  }
}
