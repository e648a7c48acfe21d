import LockstepCore
import Testing

/// How a shard is cut into the passes in which a rank computes it.
@Suite struct ShardPassesTests {
  private func microBatches(_ shard: Shard) -> [Range<Int>] {
    zip(shard.bounds, shard.bounds.dropFirst()).map {
      shard.entries.lowerBound + Int($0)..<shard.entries.lowerBound + Int($1)
    }
  }

  /// Passes have a shard's micro-batches in its order, with their numbers, and at most so many each.
  @Test(arguments: 1...9, 1...9) func tileTheShard(ranks: Int, microBatches count: Int) {
    let sampler = Sampler(datasetCount: 101, batchSize: 37, microBatches: count, seed: 1)
    for step in 0..<sampler.stepsPerEpoch {
      for rank in 0..<ranks {
        let shard = sampler.shard(step: step, rank: rank, ranks: ranks)
        let own = shard.bounds.count - 1
        for most in 1...10 {
          let passes = shard.passes(of: most)
          #expect(passes.count == max((own + most - 1) / most, 1))
          let sizes = passes.map { $0.bounds.count - 1 }
          #expect(sizes.max()! <= most && sizes.max()! - sizes.min()! <= 1)
          #expect(passes.flatMap(microBatches) == microBatches(shard))
          var next = shard.firstMicroBatch
          for pass in passes {
            #expect(pass.firstMicroBatch == next && pass.globalCount == shard.globalCount)
            #expect(pass.bounds.first == 0 && pass.bounds.last == Int32(pass.entries.count))
            next += pass.bounds.count - 1
          }
        }
      }
    }
  }

  /// All at once, and a shard of no micro-batches, are one pass.
  @Test func onePass() {
    let sampler = Sampler(datasetCount: 101, batchSize: 37, microBatches: 3, seed: 1)
    let whole = sampler.shard(step: 1, rank: 0, ranks: 1)
    #expect(whole.passes(of: 3) == [whole] && whole.passes(of: .max) == [whole])
    let none = sampler.shard(step: 1, rank: 0, ranks: 5)
    #expect(none.bounds == [0] && none.passes(of: 1) == [none])
  }

  /// Batches of fewer samples than micro-batches.
  @Test func emptyMicroBatches() {
    let sampler = Sampler(datasetCount: 2, batchSize: 9, microBatches: 5, seed: 1)
    let passes = sampler.shard(step: 0, rank: 0, ranks: 1).passes(of: 2)
    #expect(passes.map(\.entries) == [0..<0, 0..<1, 1..<2])
    #expect(passes.map(\.firstMicroBatch) == [0, 1, 3])
  }
}
