import LockstepSupport

/// Which samples each step trains on, and which of them each rank has: pure functions of the recipe (docs/design.md,
/// 1).
package struct Sampler: Sendable {
  /// The number of samples in the dataset's training split.
  package let datasetCount: Int
  /// The number of these to train on; the rest validate.
  package let trainingCount: Int
  package let batchSize: Int
  package let microBatches: Int
  private let seed: UInt64
  private let splitOrder: Permutation?

  /// Holds back the fraction `validationSplit` of the samples, picked by the seed.
  package init(
    datasetCount: Int, batchSize: Int, microBatches: Int, seed: UInt64, validationSplit: Double = 0
  ) {
    precondition(datasetCount >= 1 && batchSize >= 1 && microBatches >= 1)
    self.datasetCount = datasetCount
    self.batchSize = batchSize
    self.microBatches = microBatches
    self.seed = seed
    let held = Int((Double(datasetCount) * validationSplit).rounded())
    trainingCount = max(datasetCount - held, 1)
    splitOrder =
      trainingCount < datasetCount
      ? Permutation(count: datasetCount, seed: seed, purpose: .validationSplit, time: 0) : nil
  }

  package var stepsPerEpoch: Int { (trainingCount + batchSize - 1) / batchSize }

  /// The dataset indices of the samples that validate.
  package var validationIndices: [Int] {
    (trainingCount..<datasetCount).map { splitOrder?[$0] ?? $0 }
  }

  /// The same; nil if there are none.
  package var heldBack: [Int]? { trainingCount < datasetCount ? validationIndices : nil }

  /// The order in which epoch `epoch` visits the training samples.
  package func order(epoch: Int) -> EpochOrder {
    EpochOrder(
      order: Permutation(count: trainingCount, seed: seed, purpose: .epochOrder, time: epoch),
      split: splitOrder)
  }

  /// One rank's shard of step `step` of an epoch, counted from 0.
  package func shard(step: Int, rank: Int, ranks: Int) -> Shard {
    let start = step * batchSize
    let count = min(batchSize, trainingCount - start)
    precondition(step >= 0 && count > 0)
    let bounds = bounds(count: count, rank: rank, ranks: ranks)
    let first = Int(bounds[0])
    return Shard(
      entries: start + first..<start + Int(bounds[bounds.count - 1]), bounds: bounds.map { $0 - bounds[0] },
      firstMicroBatch: Share.begin(rank, of: ranks, in: microBatches), globalCount: count)
  }

  /// Where rank `rank`'s micro-batches begin in a global batch of `count` samples, and where the last one ends.
  package func bounds(count: Int, rank: Int, ranks: Int) -> [Int32] {
    let own = Share(index: rank, count: ranks).range(of: microBatches)
    return (own.lowerBound...own.upperBound).map { Int32(Share.begin($0, of: microBatches, in: count)) }
  }
}

/// The order of an epoch: entry i is the index of a sample in the dataset.
package struct EpochOrder: Sendable {
  let order: Permutation
  let split: Permutation?

  /// The number of training samples.
  package var count: Int { order.count }

  package subscript(entry: Int) -> Int {
    let index = order[entry]
    return split?[index] ?? index
  }
}
