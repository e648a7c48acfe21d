import LockstepCore
import Testing

/// A rank without samples, of which a run with more ranks than micro-batches has some, adds nothing to a gradient.
@Suite struct IdleRanksTests {
  @Test(arguments: Reduction.allCases, GridLayersTests.problems.indices)
  func addNothing(reduction: Reduction, problem: Int) throws {
    let problem = GridLayersTests.problems[problem]
    let idle = (0..<31).filter { problem.shard(rank: $0, ranks: 31, microBatches: 31).entries.isEmpty }
    #expect(idle.count == 8)
    for rank in idle.prefix(2) {
      for threads in [1, 3] {
        let step = try problem.step(
          rank: rank, ranks: 31, microBatches: 31, threads: threads, reduction: reduction)
        #expect(step.gradient.joined().allSatisfy { $0 == 0 })
        #expect(step.hits == 0 && step.loss == 0)
      }
    }
  }
}
