import LockstepData
import LockstepNetwork
import LockstepSupport

extension Evaluator {
  /// Evaluates all samples of a split, and tells classes apart. Collective. Needs 4 bytes a sample on each rank, 12 for
  /// two classes.
  ///
  /// Throws as `evaluate` does.
  public func report(_ parameters: Parameters, on split: Split) throws -> ClassificationReport {
    let classes = parameters.network.classes
    // Each sample is one rank's and 0 on the others, so sums over the ranks gather.
    let predicted = AlignedBuffer<Int32>(count: split.count, zero: 0)
    let scores = AlignedBuffer<Double>(count: classes == 2 ? split.count : 0, zero: 0)
    let topFiveHits = AlignedBuffer<Double>(count: 1, zero: 0)
    let pair = AlignedBuffer<Double>(count: 2, zero: 0)
    let evaluation = try evaluate(parameters, on: split, indices: nil) { sample, logits in
      predicted.pointer[sample] = Int32(Self.largest(of: logits))
      if classes == 2 {
        Softmax.probabilities(of: logits, into: pair.pointer)
        scores.pointer[sample] = pair.pointer[1]
      } else if classes > ClassificationReport.mostClassesWithoutTopFive {
        topFiveHits.pointer[0] += Self.place(of: Int(split.labels[sample]), in: logits) < 5 ? 1 : 0
      }
    }
    try collective.allReduce(predicted.elements)
    try collective.allReduce(topFiveHits.elements)
    if classes == 2 { try collective.allReduce(scores.elements) }
    return ClassificationReport(
      evaluation, labels: split.labels, predicted: Array(predicted.elements), classes: classes,
      scores: Array(scores.elements), topFiveHits: Int(topFiveHits.pointer[0]))
  }

  /// The index of the largest logit, of equal ones the first.
  package static func largest(of logits: UnsafeBufferPointer<Float>) -> Int {
    logits.indices.reduce(0) { logits[$1] > logits[$0] ? $1 : $0 }
  }

  /// How many logits come before this one if they are sorted from the largest, equal ones by their number.
  package static func place(of index: Int, in logits: UnsafeBufferPointer<Float>) -> Int {
    logits.indices.count { logits[$0] > logits[index] || (logits[$0] == logits[index] && $0 < index) }
  }
}
