import LockstepSupport

/// Which samples each step trains on, and which of them are a rank's: pure functions of the recipe (docs/design.md, 1).
package struct Sampler: Sendable {
  /// The number of samples in the dataset's training split.
  public let datasetCount: Int
  /// Of these, the number that are trained on; the rest validate.
  public let trainingCount: Int
  public let batchSize: Int
  public let microBatches: Int
  private let seed: UInt64
  private let splitOrder: Permutation?

  /// Holds `validationSplit` of the samples back, picked by the seed.
  public init(datasetCount: Int, batchSize: Int, microBatches: Int, seed: UInt64, validationSplit: Double = 0)
  {
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

  public var stepsPerEpoch: Int { (trainingCount + batchSize - 1) / batchSize }

  /// The dataset indices of the samples that validate.
  public var validationIndices: [Int] {
    (trainingCount..<datasetCount).map { splitOrder?[$0] ?? $0 }
  }

  /// The order in which epoch `epoch` visits the training samples.
  public func order(epoch: Int) -> EpochOrder {
    EpochOrder(
      order: Permutation(count: trainingCount, seed: seed, purpose: .epochOrder, time: epoch),
      split: splitOrder)
  }

  /// What one rank does of step `step` of an epoch (both counted from 0).
  public func shard(step: Int, rank: Int, ranks: Int) -> Shard {
    let start = step * batchSize
    let count = min(batchSize, trainingCount - start)
    precondition(step >= 0 && count > 0)
    let bounds = bounds(count: count, rank: rank, ranks: ranks)
    let first = Int(bounds[0])
    return Shard(
      entries: start + first..<start + Int(bounds[bounds.count - 1]), bounds: bounds.map { $0 - bounds[0] },
      firstMicroBatch: Share.begin(rank, of: ranks, in: microBatches), globalCount: count)
  }

  /// Where the micro-batches that are rank `rank`'s begin in a global batch of `count` samples, and where the last
  /// ends.
  package func bounds(count: Int, rank: Int, ranks: Int) -> [Int32] {
    let own = Share(index: rank, count: ranks).range(of: microBatches)
    return (own.lowerBound...own.upperBound).map { Int32(Share.begin($0, of: microBatches, in: count)) }
  }
}

/// Entry i of an epoch is a sample of the dataset.
package struct EpochOrder: Sendable {
  let order: Permutation
  let split: Permutation?

  public subscript(entry: Int) -> Int {
    let index = order[entry]
    return split?[index] ?? index
  }
}
