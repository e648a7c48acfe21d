import LockstepSupport

/// The micro-batches of one global batch that one rank computes: a contiguous run.
package struct Shard: Equatable, Sendable {
  /// Positions in the epoch's order.
  package let entries: Range<Int>
  /// Micro-batch m of this rank is rows `bounds[m] ..< bounds[m + 1]` of its batch.
  package let bounds: [Int32]
  /// The number of the rank's first micro-batch in the global batch.
  package let firstMicroBatch: Int
  /// The number of samples in the global batch.
  package let globalCount: Int
}

extension Shard {
  /// The shard cut into the fewest runs of at most `most` micro-batches, which differ by one at most: what a rank
  /// computes in one pass after another. At least one, also of a shard without micro-batches.
  package func passes(of most: Int) -> [Shard] {
    let count = bounds.count - 1
    guard count > most else { return [self] }
    let passes = (count + most - 1) / most
    return (0..<passes).map { number in
      let own = Share(index: number, count: passes).range(of: count)
      let bounds = bounds[own.lowerBound...own.upperBound]
      let (begin, end) = (bounds.first!, bounds.last!)
      return Shard(
        entries: entries.lowerBound + Int(begin)..<entries.lowerBound + Int(end),
        bounds: bounds.map { $0 - begin }, firstMicroBatch: firstMicroBatch + own.lowerBound,
        globalCount: globalCount)
    }
  }
}
