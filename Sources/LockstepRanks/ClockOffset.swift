/// How far a rank's clock is ahead of rank 0's.
package struct ClockOffset: Equatable, Sendable {
  /// In the clock's units.
  package var ahead: Int64
  /// The most by which `ahead` can be wrong, while clocks keep the same pace.
  package var error: UInt64
  /// Rank 0's time when the measurement began.
  package var origin: UInt64
}

extension Collective {
  /// Measures this rank's clock against rank 0's by `rounds` barriers. Collective. Ranks of rank 0's node have its
  /// clock.
  ///
  /// No rank leaves a barrier before all have entered it. So rank 0 has entered when this rank leaves, and this rank
  /// when rank 0 leaves: each round bounds the offset from both sides, by the time that a barrier takes.
  package func clockOffset(rounds: Int = 32, clock: () -> UInt64) throws -> ClockOffset {
    var times: [UInt64] = []
    for _ in 0..<rounds {
      times.append(clock())
      try barrier()
      times.append(clock())
    }
    let bytes = try broadcast(times.withUnsafeBytes { Array($0) }, from: 0)
    let first = bytes.withUnsafeBytes { bytes in
      times.indices.map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: UInt64.self) }
    }
    guard !nodeRanks.contains(0) else { return ClockOffset(ahead: 0, error: 0, origin: first[0]) }
    func difference(_ own: Int, _ other: Int) -> Int64 { Int64(bitPattern: times[own] &- first[other]) }
    let least = (0..<rounds).map { difference(2 * $0, 2 * $0 + 1) }.max()!
    let most = (0..<rounds).map { difference(2 * $0 + 1, 2 * $0) }.min()!
    return ClockOffset(
      ahead: least + (most - least) / 2, error: UInt64(max(most - least + 1, 0)) / 2, origin: first[0])
  }
}
