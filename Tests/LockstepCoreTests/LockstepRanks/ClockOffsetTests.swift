import LockstepCore
import Testing

@Suite struct ClockOffsetTests {
  /// Threads with clocks that are wrong by seconds, either way: they see one true time.
  @Test func findsWrongClocks() throws {
    let wrong: [Int64] = [5_000_000_000, 0, -3_000_000_000, 70_000_000_000]
    let results = ThreadedCollective.run(nodes: [0, 1, 2, 0]) { c in
      try c.clockOffset { UInt64(Int64(TraceRecorder.now) + wrong[c.rank]) }
    }
    for (rank, result) in results.enumerated() {
      let offset = try result.get()
      // Rank 3 is on rank 0's machine.
      guard rank == 1 || rank == 2 else {
        #expect(offset.ahead == 0 && offset.error == 0)
        continue
      }
      let error = (offset.ahead - (wrong[rank] - wrong[0])).magnitude
      #expect(error <= offset.error, "\(offset)")
      #expect(offset.error > 0 && offset.error < 1_000_000_000)
    }
    #expect(Set(try results.map { try $0.get().origin }).count == 1)
  }

  @Test func aSingleProcessHasOneClock() throws {
    var time: UInt64 = 41
    let offset = try SingleProcess().clockOffset {
      time += 1
      return time
    }
    #expect(offset.ahead == 0 && offset.error == 0 && offset.origin == 42)
  }
}
