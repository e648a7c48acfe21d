import LockstepCore
import Testing

/// Three ranks, a timeout of eight seconds, and a look every second at heartbeats that the tests make up.
@Suite struct StallDetectorTests {
  private struct Scene {
    var detector = StallDetector(ranks: 3, timeout: 8, interval: 1)
    var time = 0.0
    var beats: [StallDetector.Beat?] = Array(repeating: nil, count: 3)

    init() { for rank in 0..<3 { set(rank, .computing) } }

    mutating func set(_ rank: Int, _ phase: Phase, step: Int = 7, answers: UInt64 = 0) {
      let count = beats[rank]?.count ?? 0
      beats[rank] = .init(count: count, activity: .init(phase, step: step, answers: answers))
    }

    /// What each of the looks over so many seconds finds, in which these ranks beat.
    mutating func pass(
      _ seconds: Int, beating: Set<Int>, each: (inout Scene) -> Void = { _ in }
    ) -> [[StallDetector.Stall]] {
      (0..<seconds).map { _ in
        time += 1
        for rank in beating { beats[rank]?.count += 1 }
        each(&self)
        return detector.check(now: time, beats: beats)
      }
    }
  }

  @Test func aSilentRankIsFoundInTime() throws {
    var scene = Scene()
    #expect(scene.pass(20, beating: [0, 1, 2]).allSatisfy { $0.isEmpty })
    scene.set(1, .waitingForGradients, step: 17)
    let found = scene.pass(8, beating: [0, 2])
    #expect(found[..<5].allSatisfy { $0.isEmpty })
    let stall = try #require(found[7].first)
    #expect(found[7].count == 1)
    #expect(stall.rank == 1)
    #expect(stall.cause == .silent)
    #expect(stall.activity == .init(.waitingForGradients, step: 17, answers: 0))
    #expect(stall.seconds == 8)
    #expect(scene.detector.isFresh(0) && !scene.detector.isFresh(1))
  }

  @Test func allSilentRanksAreFound() {
    var scene = Scene()
    let found = scene.pass(9, beating: [1])
    #expect(found.last?.map(\.rank) == [0, 2])
  }

  @Test func aRankThatGoesOnInTimeIsForgiven() {
    var scene = Scene()
    for _ in 0..<3 {
      #expect(scene.pass(5, beating: [0, 2]).allSatisfy { $0.isEmpty })
      #expect(scene.pass(1, beating: [0, 1, 2]).allSatisfy { $0.isEmpty })
    }
  }

  /// Only phases that access files must end soon. The heart beats in all of them.
  @Test(arguments: Phase.allOfTraining) func slowIsNotStalled(phase: Phase) {
    var scene = Scene()
    scene.set(2, phase)
    let found = scene.pass(1000, beating: [0, 1, 2])
    let isFile = [.readingFile, .writingFile, .waitingForCheckpoint].contains(phase)
    #expect(found.last?.map(\.rank) == (isFile ? [2] : []))
    #expect(found.last?.first?.cause == (isFile ? .fileSystem : nil))
    #expect(found[..<5].allSatisfy { $0.isEmpty })
  }

  /// A large file takes long, but one answer follows the other. So do many small files.
  @Test func aSlowFileSystemIsNotStuck() {
    var scene = Scene()
    var answers: UInt64 = 0
    let slow = scene.pass(100, beating: [0, 1, 2]) { scene in
      if Int(scene.time) % 5 == 0 { answers += 1 }
      scene.set(0, .readingFile, answers: answers)
    }
    #expect(slow.allSatisfy { $0.isEmpty })
    let many = scene.pass(100, beating: [0, 1, 2]) { $0.set(0, .writingFile, step: Int($0.time) / 5) }
    #expect(many.allSatisfy { $0.isEmpty })
  }

  /// The whole job is suspended for an hour, the watcher too. When it goes on the others get their time.
  @Test func anHourThatNobodyLivedIsNoStall() {
    var scene = Scene()
    _ = scene.pass(10, beating: [0, 1, 2])
    scene.time += 3600
    #expect(scene.pass(3, beating: [0]).allSatisfy { $0.isEmpty })
    #expect(scene.pass(10, beating: [0, 1, 2]).allSatisfy { $0.isEmpty })
    scene.time += 3600
    #expect(scene.pass(9, beating: [0]).last?.map(\.rank) == [1, 2])
  }

  @Test func aRankThatHasEndedIsNotWatched() {
    var scene = Scene()
    _ = scene.pass(3, beating: [0, 1, 2])
    scene.beats[1] = nil
    #expect(scene.pass(20, beating: [0, 2]).allSatisfy { $0.isEmpty })
  }
}
