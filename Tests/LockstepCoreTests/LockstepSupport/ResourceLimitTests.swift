import LockstepCore
import Testing

/// The soft limit on processor time where there is only a hard one, which kills.
@Suite struct ResourceLimitTests {
  @Test(
    arguments: [
      (2, 1, 1), (3, 1, 2), (10, 2, 5), (3600, 2, 3591), (3600, 64, 3467), (60, 64, 30),
    ] as [(UInt64, Int, UInt64)])
  func leavesTimeForACheckpoint(_ limit: (hard: UInt64, processors: Int, soft: UInt64)) {
    #expect(softProcessorTime(hard: limit.hard, processors: limit.processors) == limit.soft)
  }

  @Test(arguments: [0, 1, .max, .max / 2]) func nothingToLower(hard: UInt64) {
    #expect(softProcessorTime(hard: hard, processors: 2) == nil)
  }
}
