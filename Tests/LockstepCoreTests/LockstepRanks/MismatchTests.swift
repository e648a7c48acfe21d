import LockstepCore
import Testing

/// Ranks that wait for each other: four, two on each node, a timeout of eight seconds, and a look every second.
@Suite struct MismatchTests {
  private struct Scene {
    var detector = StallDetector(ranks: 4, timeout: 8, interval: 1)
    var time = 0.0
    var calls: [CollectiveCall]
    var ended: Set<Int> = []

    /// What the last of so many looks finds.
    mutating func pass(_ seconds: Int, each: (inout Scene) -> Void = { _ in }) -> StallDetector.Mismatch? {
      var found: StallDetector.Mismatch?
      for _ in 0..<seconds {
        time += 1
        each(&self)
        let beats = calls.indices.map { rank -> StallDetector.Beat? in
          ended.contains(rank)
            ? nil
            : .init(count: UInt64(time), activity: .init(.computing, step: 3, answers: 0), call: calls[rank])
        }
        _ = detector.check(now: time, beats: beats)
        found = detector.mismatch(nodes: [0, 0, 2, 2], ended: ended)
      }
      return found
    }
  }

  private static func call(_ kind: CollectiveCall.Kind, _ number: UInt32, _ detail: Int = 0) -> CollectiveCall
  {
    CollectiveCall(kind, detail: detail, number: number)
  }
  private static let gather = call(.allGather, 7)

  /// What ranks wait in for ever, and who is named.
  static let mismatches: [(calls: [CollectiveCall], rank: Int, other: Int)] = [
    ([gather, gather, gather, call(.barrier, 7)], 0, 3),
    ([gather, call(.allGather, 8), gather, gather], 0, 1),
    ([call(.broadcast, 7, 0), call(.broadcast, 7, 1), call(.broadcast, 7, 0), call(.broadcast, 7, 0)], 0, 1),
    ([call(.sumOfDoubles, 7, 2), call(.sumOfDoubles, 7, 3), gather, gather], 0, 1),
    ([call(.nodeBarrier, 7), call(.nodeBarrier, 8), gather, gather], 0, 1),
    ([call(.nodeBarrier, 7), gather, gather, gather], 0, 1),
    ([call(.nodeSumOfDoubles, 7, 9), gather, gather, gather], 0, 1),
  ]

  @Test(arguments: mismatches) func isFoundInTime(
    _ mismatch: (calls: [CollectiveCall], rank: Int, other: Int)
  ) throws {
    var scene = Scene(calls: mismatch.calls)
    #expect(scene.pass(5) == nil)
    let last = scene.pass(3)
    let found = try #require(last)
    #expect(found.rank == mismatch.rank && found.call == mismatch.calls[mismatch.rank])
    #expect(found.other == mismatch.other && found.otherCall == mismatch.calls[mismatch.other])
    #expect(found.seconds == 7)
  }

  /// All wait for one that computes, all have come and the data is under way, or a part of the ranks can go on.
  @Test(arguments: [
    [gather, gather, gather, .none],
    [gather, call(.barrier, 7), gather, .none],
    [gather, gather, gather, gather],
    [call(.nodeBarrier, 3), call(.nodeBarrier, 3), call(.nodeBarrier, 5), call(.nodeBarrier, 5)],
    [call(.nodeBarrier, 3), call(.nodeBarrier, 3), gather, gather],
    [
      call(.nodeSumOfDoubles, 3, 9), call(.nodeBarrier, 4), call(.nodeSumOfDoubles, 3, 9),
      call(.nodeBarrier, 4),
    ],
  ]) func aWaitThatCanEndIsNone(calls: [CollectiveCall]) {
    var scene = Scene(calls: calls)
    #expect(scene.pass(100) == nil)
  }

  /// Another call every few seconds: the ranks go on.
  @Test func callsThatChangeAreNone() {
    var scene = Scene(calls: Array(repeating: Self.gather, count: 4))
    let found = scene.pass(100) {
      let number = UInt32($0.time) / 4
      $0.calls = [Self.call(.allGather, number), Self.call(.barrier, number), Self.gather, Self.gather]
    }
    #expect(found == nil)
  }

  @Test func aRankThatHasEndedIsNamed() throws {
    var scene = Scene(calls: [Self.gather, Self.gather, Self.gather, Self.gather])
    scene.ended = [1]
    let last = scene.pass(8)
    let found = try #require(last)
    #expect(found.rank == 0 && found.other == 1 && found.otherCall == nil)
    scene.ended = [0, 1, 2, 3]
    #expect(scene.pass(8) == nil)
  }

  /// Another rank may be computing: it is not known.
  @Test func nothingIsFoundWithoutSeeingAll() {
    var scene = Scene(calls: [Self.gather, Self.call(.barrier, 7), Self.gather, Self.gather])
    _ = scene.pass(8)
    _ = scene.detector.check(now: scene.time, beats: [nil, nil, nil, nil])
    #expect(scene.detector.mismatch(nodes: [0, 0, 2, 2], ended: []) == nil)
  }
}
