import LockstepData
import LockstepNetwork

/// A sample that was taken for another class.
package struct Mistake: Equatable, Sendable {
  /// The sample's number in its split.
  package var sample: Int
  package var label: Int
  package var predicted: Int
  /// The probability of the predicted class, and that of the label.
  package var probability: Double
  package var ofLabel: Double
}

extension Evaluator {
  /// What the network makes of the samples of a split, or of those that `indices` picks, and its most confident
  /// mistakes, the most confident first; on rank 0, nil on others. The loss is left 0. Collective.
  ///
  /// Throws as `evaluate` does.
  package func mistakes(
    _ parameters: Parameters, on split: Split, indices: [Int]? = nil, most: Int
  ) throws -> (report: ClassificationReport, mistakes: [Mistake])? {
    let classes = parameters.network.classes
    let labels = indices.map { $0.map { split.labels[$0] } } ?? split.labels
    var (predicted, scores, topFive): ([Int32], [Double], Int) = ([], [], 0)
    var mistakes: [Mistake] = []
    try predictions(parameters, on: split, indices: indices) { samples, table in
      for (row, number) in samples.enumerated() {
        let found = UnsafeBufferPointer(rebasing: table[row * classes..<(row + 1) * classes])
        let label = Int(labels[number])
        let best = found.indices.reduce(0) { found[$1] > found[$0] ? $1 : $0 }
        predicted.append(Int32(best))
        if classes == 2 { scores.append(found[1]) }
        topFive += found.count { $0 > found[label] } < 5 ? 1 : 0
        guard best != label else { continue }
        let mistake = Mistake(
          sample: indices?[number] ?? number, label: label, predicted: best, probability: found[best],
          ofLabel: found[label])
        let place = mistakes.firstIndex { $0.probability < mistake.probability } ?? mistakes.count
        guard place < most else { continue }
        mistakes.insert(mistake, at: place)
        if mistakes.count > most { mistakes.removeLast() }
      }
    }
    guard collective.rank == 0 else { return nil }
    let hits = zip(labels, predicted).count { $0 == $1 }
    let report = ClassificationReport(
      Evaluation(loss: 0, hits: hits, count: labels.count), labels: labels, predicted: predicted,
      classes: classes, scores: scores, topFiveHits: topFive)
    return (report, mistakes)
  }
}
