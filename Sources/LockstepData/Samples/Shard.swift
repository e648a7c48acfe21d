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
