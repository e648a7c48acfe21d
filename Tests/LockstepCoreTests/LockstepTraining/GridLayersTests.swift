import LockstepCore
import Testing

/// What layers add to integer grids: each micro-batch's gradient in Float, rounded for itself. The micro-batches are
/// those of the global batch, whichever rank has them.
@Suite(.serialized) struct GridLayersTests {
  static let problems = [
    Problem([6], "dense 20, relu, dense 37, tanh, dense 15", samples: 23),
    Problem(
      [2, 9, 8], "conv 5 3x3 pad 1, tanh, maxpool 2, conv 19 2x2 stride 2 pad 1, relu, flatten, dense 3",
      samples: 23),
    // Beyond the grid, which is for gradients up to 2.
    Problem([7, 6], "conv 20 3x3, relu, conv 3 2x2, dense 3", samples: 23, scale: 100),
  ]

  /// With 31 micro-batches some are empty.
  @Test(arguments: problems.indices, [1, 4, 31])
  func eachMicroBatchIsRounded(problem: Int, microBatches: Int) throws {
    let problem = Self.problems[problem]
    // A rank's gradient in Float is one chain: here that of one micro-batch.
    let chains = try (0..<microBatches).map { number in
      let step = try problem.step(
        rank: number, ranks: microBatches, microBatches: microBatches, reduction: .fast)
      let shard = problem.shard(rank: number, ranks: microBatches, microBatches: microBatches)
      return shard.entries.isEmpty ? step.gradient.map { $0.map { _ in 0 } } : step.gradient
    }
    for reduction in [Reduction.exact32, .exact16] {
      let (expected, cutOff) = try expected(problem, chains, reduction)
      for name in ISA.names {
        for (ranks, threads) in [(1, 1), (1, 3), (3, 2)] where name == ISA.names[0] || threads == 1 {
          let found = try ISA.with(name) {
            Step.sum(
              try (0..<ranks).map {
                try problem.step(
                  rank: $0, ranks: ranks, microBatches: microBatches, threads: threads, reduction: reduction)
              })
          }!
          let what = "\(reduction), \(name), \(ranks) ranks of \(threads) threads"
          #expect(Bits(Array(found.gradient.joined())) == Bits(Array(expected.joined())), "\(what)")
          #expect(found.clamped == cutOff && found.failures.isEmpty, "\(what)")
        }
      }
    }
  }

  private func expected(_ problem: Problem, _ chains: [[[Double]]], _ reduction: Reduction) throws
    -> (gradient: [[Double]], cutOff: Int)
  {
    let scales = try #require(problem.gradient(reduction, microBatches: chains.count).scales)
    scales.begin(2, samples: problem.count)
    var cutOff = 0
    let gradient = problem.network.tensors.enumerated().map { number, tensor in
      (0..<tensor.count).map { element in
        let index = tensor.flatIndex(element)
        let unit = scales.unit(at: index)
        let grid = GridReference(bits: scales.bits, weightUnit: unit, biasUnit: unit, most: scales.most)
        let multiples = chains.enumerated().map { microBatch, gradient in
          let found = grid.rounded(
            Float(gradient[number][element]), unit: unit, at: index, microBatch: microBatch)
          cutOff += found.isCutOff ? 1 : 0
          return found.multiple
        }
        return Double(multiples.reduce(0, +)) * Double(unit)
      }
    }
    return (gradient, cutOff)
  }

  /// The last of the problems is there to be cut off, and the others are not.
  @Test func someAreCutOff() throws {
    let found = try Self.problems.map { try $0.step(reduction: .exact16).clamped }
    #expect(found[0] == 0 && found[1] == 0 && found[2] > 0, "\(found)")
  }
}
