import Foundation
import LockstepCore
import Testing

@Suite struct ThreadTeamTests {
  /// How often `split` did each unit.
  private func splitCounts(_ team: ThreadTeam, _ units: Int, grain: Int = 1) -> [Int] {
    let done = AlignedBuffer<Int>(count: units, zero: 0)
    team.split(units, grain: grain) { for i in $0 { done.pointer[i] += 1 } }
    return Array(done.elements)
  }

  @Test(arguments: 1...8)
  func manyShortRuns(threads: Int) throws {
    let team = try ThreadTeam(count: threads)
    #expect(team.count == threads)
    let done = AlignedBuffer<Int>(count: threads, zero: 0)
    // Many short runs, so that threads meet the next while they still leave the one before.
    for _ in 0..<2000 { team.split(threads) { for i in $0 { done.pointer[i] += 1 } } }
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

  /// What goes on between pieces does so on the thread that made the team, and every unit is still done once.
  @Test(arguments: [1, 2, 5]) func goesOnBetweenPieces(threads: Int) throws {
    let team = try ThreadTeam(count: threads)
    let (owner, calls) = (pthread_self(), AlignedBuffer<Int>(count: 2, zero: 0))
    team.betweenPieces = { calls.pointer[pthread_equal(owner, pthread_self()) != 0 ? 0 : 1] += 1 }
    for _ in 0..<50 { #expect(splitCounts(team, 41, grain: 3) == Array(repeating: 1, count: 41)) }
    #expect(calls.pointer[0] > 0 && calls.pointer[1] == 0)
    let before = calls.pointer[0]
    team.betweenPieces = nil
    _ = splitCounts(team, 41)
    #expect(calls.pointer[0] == before)
  }

  /// Ranges begin at multiples of the grain, and a thread's share is cut into no more pieces than asked for.
  @Test func piecesKeepTheGrain() throws {
    let team = try ThreadTeam(count: 5)
    for units in 1...60 {
      for (grain, pieces) in [(1, 1), (1, 4), (7, 2), (20, 4)] {
        // Where the piece that begins at a unit ends. No lock: ThreadSanitizer does not understand Swift's.
        let ends = AlignedBuffer<Int>(count: units, zero: 0)
        team.split(units, grain: grain, pieces: pieces) { ends.pointer[$0.lowerBound] = $0.upperBound }
        let found = ends.elements.enumerated().filter { $0.element > 0 }.map { $0.offset..<$0.element }
        #expect(found.allSatisfy { $0.lowerBound % grain == 0 })
        #expect(found.flatMap { Array($0) } == Array(0..<units))
        #expect(found.count <= 5 * pieces)
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
