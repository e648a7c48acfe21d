import LockstepCore
import Synchronization
import Testing

@Suite struct ThreadTeamTests {
  /// How often `split` did each unit.
  private func splitCounts(_ team: ThreadTeam, _ units: Int, grain: Int = 1) -> [Int] {
    let done = AlignedBuffer<Int>(count: units, zero: 0)
    team.split(units, grain: grain) { for i in $0 { done.pointer[i] += 1 } }
    return Array(done.elements)
  }

  @Test(arguments: 1...8)
  func runReachesEveryThreadOnce(threads: Int) throws {
    let team = try ThreadTeam(count: threads)
    #expect(team.count == threads)
    let done = AlignedBuffer<Int>(count: threads, zero: 0)
    // Many short runs, so that threads meet the next while they still leave the one before.
    for _ in 0..<2000 { team.run { done.pointer[$0] += 1 } }
    #expect(Array(done.elements) == Array(repeating: 2000, count: threads))
  }

  @Test(arguments: 1...8)
  func splitDoesEveryUnitOnce(threads: Int) throws {
    let team = try ThreadTeam(count: threads)
    for units in Array(0...40) + [1000, 1001] {
      for grain in [0, 1, 4, 16, 2000] {
        #expect(splitCounts(team, units, grain: grain) == Array(repeating: 1, count: units))
      }
    }
  }

  /// Parts are whole ranges that differ by at most one, and none is smaller than the grain where it is split at all.
  @Test func partsAreEvenAndWorthWaking() throws {
    let team = try ThreadTeam(count: 5)
    for units in 1...60 {
      for grain in [1, 7, 20] {
        let sizes = Mutex<[Int]>([])
        team.split(units, grain: grain) { range in sizes.withLock { $0.append(range.count) } }
        let found = sizes.withLock { $0 }
        #expect(found.reduce(0, +) == units)
        #expect(found.max()! - found.min()! <= 1)
        #expect(found.count == max(min(5, units / grain), 1))
      }
    }
  }

  /// What a run wrote is seen by the next, whichever thread reads it.
  @Test func runsFollowEachOther() throws {
    let team = try ThreadTeam(count: 4)
    var (values, next) = (AlignedBuffer<Int>(count: 64, zero: 1), AlignedBuffer<Int>(count: 64, zero: 0))
    for _ in 0..<500 {
      let (from, to) = (values.pointer, next.pointer)
      // Each reads what the thread at the other end wrote.
      team.split(64) { for i in $0 { to[i] = from[63 - i] + 1 } }
      swap(&values, &next)
    }
    #expect(Array(values.elements) == Array(repeating: 501, count: 64))
  }

  /// Far more threads than cores: slow, but neither stuck nor wrong.
  @Test func oversubscription() throws {
    let teams = try (0..<4).map { _ in try ThreadTeam(count: 24) }
    for _ in 0..<10 {
      for team in teams { #expect(splitCounts(team, 100) == Array(repeating: 1, count: 100)) }
    }
  }

  /// Teams that have never run, and that are let go at once, end their threads.
  @Test func teamsComeAndGo() throws {
    for threads in 1...40 { _ = try ThreadTeam(count: 1 + threads % 8) }
  }
}
