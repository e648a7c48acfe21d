import LockstepData
import LockstepNetwork
import LockstepSupport

extension Evaluator {
  /// The most probabilities that a rank holds at a time, unless one sample has more: 8 MB.
  static let mostProbabilities = 1 << 20

  /// Hands rank 0 each class's probability for the samples of a split, or for those that `indices` picks: `take` gets
  /// them for some consecutive samples at a time, `[samples, classes]`, and all in order. Collective.
  ///
  /// Throws as `evaluate` does, and what `take` throws, on all ranks.
  public func probabilities(
    _ parameters: Parameters, on split: Split, indices: [Int]? = nil,
    take: (_ samples: Range<Int>, _ probabilities: UnsafeBufferPointer<Double>) throws -> Void
  ) throws {
    try check(parameters, split)
    let count = indices?.count ?? split.count
    let (classes, parameters) = (parameters.network.classes, prepared(parameters))
    let most = max(1, min(Self.batchSize * collective.size, Self.mostProbabilities / classes))
    let buffer = AlignedBuffer<Double>(count: min(most, count) * classes, zero: 0)
    try Activity.during(.evaluating) {
      for start in stride(from: 0, to: count, by: most) {
        let samples = start..<min(start + most, count)
        let found = UnsafeMutableBufferPointer(rebasing: buffer.elements[..<(samples.count * classes)])
        // Zeros where other ranks compute, so that the sum gathers.
        found.update(repeating: 0)
        forEachBatch(of: samples) { first, rows in
          forward(parameters, rows: rows, of: split) { indices?[first + $0] ?? first + $0 }
          for row in 0..<rows {
            Softmax.probabilities(
              of: logits(row), into: found.baseAddress! + (first - start + row) * classes)
          }
        }
        try collective.allReduce(found)
        try collective.together {
          if collective.rank == 0 { try take(samples, UnsafeBufferPointer(found)) }
        }
      }
    }
  }
}
