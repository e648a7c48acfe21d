import LockstepCore
import Testing

/// The test double itself: it must share what MPI shares, and turn a hang into a failure.
@Suite struct ThreadedCollectiveTests {
  @Test func callsReachAllRanks() throws {
    let results = ThreadedCollective.run(nodes: [0, 1, 0]) { c in
      var sum = [Double(c.rank), 1]
      try sum.withUnsafeMutableBufferPointer { try c.allReduce($0) }
      let memory = try c.allocateShared(byteCount: 8)
      if c.nodeRank == 0 { memory.bytes[3] = UInt8(40 + c.rank) }
      try c.nodeBarrier()
      let gathered = try c.allGather(UInt64(10 + c.nodeRank))
      return (sum, gathered, memory.bytes[3], try c.broadcast([UInt8(c.rank)], from: 2), c.hostName)
    }
    for (rank, result) in results.enumerated() {
      let (sum, gathered, shared, root, host) = try result.get()
      #expect(sum == [3, 3])
      #expect(gathered == [10, 10, 11])
      #expect(shared == (rank == 1 ? 41 : 40))
      #expect(root == [2])
      #expect(host == (rank == 1 ? "n1" : "n0"))
    }
  }

  @Test func aRankThatGivesUpIsFound() {
    let results = ThreadedCollective.run(nodes: [0, 0, 1]) { if $0.rank != 1 { try $0.barrier() } }
    #expect(throws: ThreadedCollective.Stuck.self) { try results[0].get() }
    #expect(throws: Never.self) { try results[1].get() }
    #expect(throws: ThreadedCollective.Stuck.self) { try results[2].get() }
  }

  @Test func ranksInDifferentCallsAreFound() {
    let results = ThreadedCollective.run(nodes: [0, 0, 1]) { c in
      if c.rank == 2 { _ = try c.allGather(1) } else { try c.barrier() }
    }
    for result in results { #expect(throws: ThreadedCollective.Stuck.self) { try result.get() } }
    let crossed = ThreadedCollective.run(nodes: [0, 0]) { c in
      if c.rank == 0 { try c.barrier() } else { try c.nodeBarrier() }
    }
    for result in crossed { #expect(throws: ThreadedCollective.Stuck.self) { try result.get() } }
  }
}
