import LockstepCore
import Testing

@Suite struct SamplerTests {
  struct Cut: Sendable {
    var microBatches: Int
    var batchSize: Int
  }

  static let cuts = [1, 4, 12].flatMap { v in [1, 5, 37, 64, 200].map { Cut(microBatches: v, batchSize: $0) }
  }

  /// Ranks 0, 1, ... own consecutive parts of each global batch, and all steps together the whole epoch. Where micro-
  /// batches begin, as positions in the epoch, does not depend on the number of ranks.
  @Test(arguments: cuts)
  func shardsTileTheEpoch(cut: Cut) {
    let sampler = Sampler(
      datasetCount: 101, batchSize: cut.batchSize, microBatches: cut.microBatches, seed: 1)
    var next = 0
    for step in 0..<sampler.stepsPerEpoch {
      let whole = sampler.shard(step: step, rank: 0, ranks: 1)
      #expect(whole.entries == next..<min(next + cut.batchSize, 101))
      #expect(whole.bounds.count == cut.microBatches + 1)
      for ranks in 1...17 {
        let shards = (0..<ranks).map { sampler.shard(step: step, rank: $0, ranks: ranks) }
        #expect(shards.flatMap { Array($0.entries) } == Array(whole.entries))
        #expect(shards.allSatisfy { $0.globalCount == whole.entries.count })
        #expect(microBatches(shards) == microBatches([whole]))
      }
      next = whole.entries.upperBound
    }
    #expect(next == 101)
  }

  /// The micro-batches of all ranks as ranges of positions in the epoch.
  private func microBatches(_ shards: [Shard]) -> [Range<Int>] {
    shards.flatMap { shard in
      #expect(shard.bounds.first == 0 && shard.bounds.last == Int32(shard.entries.count))
      return zip(shard.bounds, shard.bounds.dropFirst()).map {
        shard.entries.lowerBound + Int($0)..<shard.entries.lowerBound + Int($1)
      }
    }
  }

  @Test(arguments: cuts)
  func microBatchSizesDifferByAtMostOne(cut: Cut) {
    let sampler = Sampler(
      datasetCount: 101, batchSize: cut.batchSize, microBatches: cut.microBatches, seed: 1)
    for step in 0..<sampler.stepsPerEpoch {
      let sizes = microBatches([sampler.shard(step: step, rank: 0, ranks: 1)]).map(\.count)
      #expect(sizes.max()! - sizes.min()! <= 1)
    }
  }

  @Test func anEpochVisitsEachTrainingSampleOnce() {
    for split in [0, 0.1, 0.5, 0.9] {
      let sampler = Sampler(datasetCount: 101, batchSize: 8, microBatches: 4, seed: 3, validationSplit: split)
      let held = sampler.validationIndices
      #expect(held.count == Int((101 * split).rounded()))
      let epochs = (0..<3).map { epoch in
        let order = sampler.order(epoch: epoch)
        return (0..<sampler.trainingCount).map { order[$0] }
      }
      for order in epochs { #expect((order + held).sorted() == Array(0..<101)) }
      #expect(Set(epochs).count == 3)
    }
  }

  @Test func validationSplitDependsOnTheSeed() {
    let held = (0..<3).map {
      Sampler(datasetCount: 1000, batchSize: 8, microBatches: 4, seed: $0, validationSplit: 0.1)
        .validationIndices
    }
    #expect(Set(held).count == 3)
    #expect(held.allSatisfy { Set($0).count == 100 })
  }
}
