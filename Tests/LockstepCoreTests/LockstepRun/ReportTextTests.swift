import Foundation
import LockstepCore
import Testing

/// What `evaluate` prints of a report, for people and for programs.
@Suite struct ReportTextTests {
  private typealias Pair = (label: Int32, predicted: Int32)

  private func report(
    _ pairs: [Pair], classes: Int, scores: [Double] = []
  ) -> ClassificationReport {
    ClassificationReport(
      Evaluation(loss: 0.5, hits: pairs.count { $0.label == $0.predicted }, count: pairs.count),
      labels: pairs.map(\.label), predicted: pairs.map(\.predicted), classes: classes, scores: scores,
      topFiveHits: pairs.count - 1)
  }

  /// `hits` samples of each class, and one that is taken for the class after it.
  private func ring(of classes: Int, hits: Int, oneTaken: Bool = true) -> ClassificationReport {
    var pairs: [Pair] = []
    for label in 0..<Int32(classes) {
      for _ in 0..<hits { pairs.append((label, label)) }
      if oneTaken { pairs.append((label, (label + 1) % Int32(classes))) }
    }
    return report(pairs, classes: classes, scores: Array(repeating: 0.5, count: pairs.count))
  }

  @Test func tablesOfFewClasses() {
    let found = report([(0, 0), (0, 0), (0, 2), (2, 2), (2, 0), (2, 2), (2, 2), (3, 2)], classes: 4)
    #expect(
      found.text == """
        class  samples  precision  recall      F1
            0        3     66.67%  66.67%  66.67%
            1        0          -       -       -
            2        4     60.00%  75.00%  66.67%
            3        1          -   0.00%   0.00%
        macro        8     42.22%  47.22%  44.44%
        confusion matrix: rows are actual, columns predicted classes
          0 2 3
        0 2 1 .
        2 1 3 .
        3 . 1 .
        """)
  }

  /// Names stand beside the numbers, as far as there is room for them.
  @Test func namesOfClasses() {
    var found = report([(0, 0), (0, 1), (1, 1)], classes: 2, scores: [0.1, 0.8, 0.9])
    found.names = ["cat\u{1B}[2J", String(repeating: "d", count: 40)]
    #expect(
      found.text.hasPrefix(
        """
        class                      name  samples  precision   recall      F1
            0                   cat?[2J        2    100.00%   50.00%  66.67%
            1  ddddddddddddddddd... (1)        1     50.00%  100.00%  66.67%
        """), "\(found.text)")
    #expect(found.json(dataset: "d", weights: "w").contains(#"{"class":0,"name":"cat"#))
    var many = ring(of: 60, hits: 3)
    many.names = (0..<60).map { "n\($0)" }
    #expect(many.text.contains("  n0 taken for n1: 1 of 4, 25.00%"), "\(many.text)")
  }

  @Test func ofTwoClassesTheArea() {
    #expect(report([(0, 0), (1, 1)], classes: 2, scores: [0.2, 0.9]).text.hasSuffix("\nAUC 1.0000"))
    #expect(
      report([(1, 0), (1, 1)], classes: 2, scores: [0.2, 0.9]).text
        .hasSuffix("\nAUC -: all samples are of one class"))
    #expect(!ring(of: 3, hits: 1).text.contains("AUC"))
    #expect(ring(of: 11, hits: 2).text.hasSuffix("\ntop-5 accuracy 96.97% (32/33)"))
    #expect(!ring(of: 10, hits: 2).text.contains("top-5"))
  }

  /// A matrix of numbers where 100 columns hold it, else of percents, else the most frequent confusions alone.
  @Test(arguments: [
    (10, 980, ["in numbers"]), (26, 60, ["in numbers"]), (26, 800, ["in percent", "as a list"]),
    (47, 400, ["as a list"]), (120, 2, ["as a list"]),
  ])
  func everyLineFitsATerminal(classes: Int, hits: Int, shows: [String]) {
    let lines = ring(of: classes, hits: hits).text.split(separator: "\n")
    for line in lines { #expect(line.count <= 100, "\(line)") }
    let titles = [
      "in numbers": "confusion matrix: rows are", "in percent": "confusion matrix, % of each row: ",
      "as a list": "most frequent confusions",
    ]
    for (name, title) in titles {
      #expect(lines.contains { $0.hasPrefix(title) } == shows.contains(name), "\(name)")
    }
  }

  @Test func theMostFrequentConfusions() {
    let pairs = (0..<Int32(200)).map { index -> Pair in (index % 50, index < 3 ? 9 : index % 50) }
    let lines = report(pairs + [(4, 7), (4, 7)], classes: 50).text.split(separator: "\n")
    let start = lines.firstIndex(of: "most frequent confusions")!
    #expect(
      Array(lines[start...].dropLast()) == [
        "most frequent confusions", "  4 taken for 7: 2 of 6, 33.33%", "  0 taken for 9: 1 of 4, 25.00%",
        "  1 taken for 9: 1 of 4, 25.00%", "  2 taken for 9: 1 of 4, 25.00%",
      ])
    #expect(ring(of: 50, hits: 3, oneTaken: false).text.contains("\nno class is taken for another\n"))
  }

  /// Of more than 100 classes the worst 20.
  @Test func manyClasses() {
    let pairs = (0..<Int32(600)).map { index -> Pair in (index % 150, index == 33 ? 44 : index % 150) }
    let lines = report(pairs, classes: 160).text.split(separator: "\n")
    #expect(lines[0] == "the 20 of 160 classes with the lowest F1, and the mean of all")
    #expect(lines[2].split(separator: " ").first == "33" && lines[3].split(separator: " ").first == "44")
    #expect(lines[22].hasPrefix("macro"))
  }

  @Test func json() throws {
    let found = report([(0, 0), (0, 1), (1, 1)], classes: 3).json(dataset: "a \"name\"", weights: "0123")
    #expect(
      found == """
        {"dataset":"a \\"name\\"","samples":3,"hits":2,"accuracy":0.6666666666666666,"loss":0.5,"weights":"0123",\
        "classes":3,"macro":{"precision":0.75,"recall":0.75,"f1":0.6666666666666666},"per_class":[\
        {"class":0,"samples":2,"predicted":1,"precision":1.0,"recall":0.5,"f1":0.6666666666666666},\
        {"class":1,"samples":1,"predicted":2,"precision":0.5,"recall":1.0,"f1":0.6666666666666666},\
        {"class":2,"samples":0,"predicted":0,"precision":null,"recall":null,"f1":null}],\
        "confusion_matrix":[[1,1,0],[0,1,0],[0,0,0]]}
        """)
    #expect(!found.contains("\n"))
  }

  @Test func jsonOfTwoAndOfMany() {
    let two = report([(0, 0), (1, 1)], classes: 2, scores: [0.2, 0.9])
    #expect(two.json(dataset: "d", weights: "w").contains("\"auc\":1.0,"))
    let one = report([(1, 1)], classes: 2, scores: [0.9])
    #expect(one.json(dataset: "d", weights: "w").contains("\"auc\":null,"))
    let many = report([(3, 1000), (3, 1000), (1000, 1000)], classes: 1001).json(dataset: "d", weights: "w")
    #expect(many.contains("\"top5_accuracy\":0.6666666666666666,") && !many.contains("auc"))
    #expect(many.hasSuffix("\"confusions\":[[3,1000,2],[1000,1000,1]]}"))
  }
}
