import LockstepData
import LockstepNetwork
import LockstepSupport

extension Evaluator {
  /// The most numbers that a rank holds at a time, unless one sample has more: 8 MB.
  static let mostPredictions = 1 << 20

  /// Hands rank 0 each class's probability for the samples of a split, or for those that `indices` picks, or where
  /// labels are numbers, what the network gives for these: `take` gets them for some consecutive samples at a time,
  /// `[samples, classes]` or `[samples, columns]`, and all in order. Collective.
  ///
  /// Throws as `evaluate` does, and what `take` throws, on all ranks.
  public func predictions(
    _ parameters: Parameters, on split: Split, indices: [Int]? = nil,
    take: (_ samples: Range<Int>, _ predictions: UnsafeBufferPointer<Double>) throws -> Void
  ) throws {
    try check(parameters, split, needsTargets: false)
    let count = indices?.count ?? split.count
    let (outputs, parameters) = (parameters.network.classes, prepared(parameters))
    let most = max(1, min(Self.batchSize * collective.size, Self.mostPredictions / outputs))
    let buffer = AlignedBuffer<Double>(count: min(most, count) * outputs, zero: 0)
    try Activity.during(.evaluating) {
      for start in stride(from: 0, to: count, by: most) {
        let samples = start..<min(start + most, count)
        let found = UnsafeMutableBufferPointer(rebasing: buffer.elements[..<(samples.count * outputs)])
        // Zeros where other ranks compute, so that the sum gathers.
        found.update(repeating: 0)
        forEachBatch(of: samples) { first, rows in
          forward(parameters, rows: rows, of: split) { indices?[first + $0] ?? first + $0 }
          for row in 0..<rows {
            predict(logits(row), into: found.baseAddress! + (first - start + row) * outputs)
          }
        }
        try collective.allReduce(found)
        try collective.together {
          if collective.rank == 0 { try take(samples, UnsafeBufferPointer(found)) }
        }
      }
    }
  }

  private func predict(_ outputs: UnsafeBufferPointer<Float>, into found: UnsafeMutablePointer<Double>) {
    guard let regression else { return Softmax.probabilities(of: outputs, into: found) }
    for (column, output) in outputs.enumerated() { found[column] = regression.scaling.value(output, column) }
  }
}
