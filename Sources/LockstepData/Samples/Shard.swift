/// One rank's part of one global batch: a contiguous run of micro-batches.
package struct Shard: Equatable, Sendable {
  /// Positions in the epoch's order.
  public let entries: Range<Int>
  /// Micro-batch m of this rank is rows `bounds[m] ..< bounds[m + 1]` of its batch.
  public let bounds: [Int32]
  /// The number of the first of them in the global batch.
  public let firstMicroBatch: Int
  /// The number of samples in the global batch.
  public let globalCount: Int
}
