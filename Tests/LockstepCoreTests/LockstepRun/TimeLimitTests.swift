import LockstepCore
import Testing

/// The margin before the end: twice the longest round and the longest writing, and `spare`.
@Suite struct TimeLimitTests {
  let start = ContinuousClock.now

  private func limit(_ seconds: Int, bytes: Int = 0, write: @escaping () -> Duration = { .zero }) -> TimeLimit
  {
    let limit = TimeLimit(.seconds(seconds), text: "\(seconds)", since: start)
    limit.begin(bytes: bytes, longestWrite: write, at: start + .seconds(10))
    return limit
  }

  /// The seconds since the start at which a limit that is asked for every `round` seconds says stop.
  private func end(of limit: TimeLimit, round: Int) -> Int? {
    stride(from: 10 + round, to: 1000, by: round).first { limit.check(at: start + .seconds($0)) }
  }

  @Test func itStopsSoonEnoughForARound() {
    #expect(end(of: limit(100), round: 1) == 96)
    #expect(end(of: limit(100), round: 20) == 70)
  }

  /// An evaluation that took 30 seconds may come again.
  @Test func theLongestRoundCounts() {
    let limit = limit(200)
    #expect(!limit.check(at: start + .seconds(40)))
    let end = (41...200).first { limit.check(at: start + .seconds($0)) }
    #expect(end == 138 && limit.isReached)
  }

  @Test func theLongestWritingCounts() {
    #expect(end(of: limit(100, write: { .seconds(10) }), round: 1) == 76)
  }

  /// 500 MB, until one has been written.
  @Test func theFirstWritingIsGuessed() {
    #expect(end(of: limit(100, bytes: 500_000_000), round: 1) == 76)
    #expect(end(of: limit(100, bytes: 500_000_000, write: { .seconds(1) }), round: 1) == 94)
  }

  @Test func aTimeThatLoadingTookLeavesOneStep() {
    let limit = limit(5)
    #expect(!limit.isReached)
    #expect(limit.check(at: start + .seconds(11)))
  }
}
