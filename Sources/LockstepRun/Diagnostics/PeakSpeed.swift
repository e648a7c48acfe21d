import CKernels
import LockstepSupport

/// The most multiply-adds that this machine's cores do, in GFLOP/s (two operations each): what a kernel's speed is
/// measured against. Cores that share a unit do less together than each alone, so both are measured.
package struct PeakSpeed: Sendable {
  /// One core, the others at rest.
  package var oneCore: Double
  /// All threads of the team at once.
  package var allCores: Double
  package var threads: Int
  /// The overhead of a parallel job without work, in microseconds: a training step has six or more jobs.
  package var emptyPart: Double

  private let rounds: Int

  /// Takes about half a second.
  package init(team: ThreadTeam) {
    let rounds = Self.roundsOfMilliseconds()
    self.rounds = rounds
    oneCore = Self.speed(pieces: 1, rounds: rounds) { body in for _ in 0..<8 { body() } }
    // A thread's share is in pieces, so that all of them are busy to the end.
    allCores = Self.speed(pieces: team.count, rounds: rounds) { body in
      team.split(8 * team.count, pieces: 8) { for _ in $0 { body() } }
    }
    threads = team.count
    let parts = 1000
    let seconds = leastSeconds { for _ in 0..<parts { team.split(team.count, pieces: 1) { _ in } } }
    emptyPart = seconds / Double(parts) * 1e6
  }

  /// The speed of one core while all work: `allCores` / `threads`.
  package var shareOfCore: Double { allCores / Double(threads) }

  /// The speed of a core at this moment, measured for about a quarter of a millisecond.
  func ofOneCoreNow() -> Double {
    var operations = 0.0
    return 1e-9 / secondsOf { operations = Self.multiplyAdd(rounds: rounds / 8) } * operations
  }

  /// The best of several runs of eight pieces a core.
  private static func speed(pieces: Int, rounds: Int, run: (@escaping () -> Void) -> Void) -> Double {
    let work = Double(8 * pieces) * multiplyAdd(rounds: rounds)
    return work / leastSeconds { run { _ = multiplyAdd(rounds: rounds) } } * 1e-9
  }

  /// Operations done.
  @discardableResult
  private static func multiplyAdd(rounds: Int) -> Double {
    var result: Float = 0
    return kernel_multiply_add_peak(rounds, &result)
  }

  /// As many rounds as take about two milliseconds: builds differ a hundredfold.
  private static func roundsOfMilliseconds() -> Int {
    var rounds = 64
    while rounds < 1 << 30, secondsOf({ multiplyAdd(rounds: rounds) }) < 2e-3 { rounds *= 2 }
    return rounds
  }
}
