import Foundation
import MPI
import Synchronization
import Testing

/// Ranks as threads of one process, where ThreadSanitizer sees what one writes and another reads.
@Suite struct SharedBarrierTests {
  /// The memory of a barrier, and two rows of one number a rank.
  private final class Memory: @unchecked Sendable {
    let barrier = UnsafeMutableRawBufferPointer.allocate(byteCount: SharedBarrier.byteCount, alignment: 64)
    let rows: [UnsafeMutablePointer<Int>]
    let mismatches = Atomic<Int>(0)

    init(ranks: Int) {
      barrier.initializeMemory(as: UInt8.self, repeating: 0)
      rows = (0..<2).map { _ in
        let row = UnsafeMutablePointer<Int>.allocate(capacity: ranks)
        row.initialize(repeating: -1, count: ranks)
        return row
      }
    }

    deinit {
      barrier.deallocate()
      for row in rows { row.deallocate() }
    }
  }

  /// Every round each rank writes its number of one row, meets the others, and reads theirs. The next round writes to
  /// the other row: nobody overwrites what a slower rank has yet to read, although there is but one barrier a round.
  @Test(arguments: [1, 2, 3, 5], [false, true])
  func whatWasWrittenBeforeIsSeenAfter(ranks: Int, sharesCores: Bool) {
    let memory = Memory(ranks: ranks)
    let threads = DispatchGroup()
    for rank in 0..<ranks {
      threads.enter()
      Thread.detachNewThread {
        let barrier = SharedBarrier(
          in: memory.barrier, owner: memory, ranks: ranks, sharesCores: sharesCores)
        for round in 0..<500 {
          let row = memory.rows[round % 2]
          row[rank] = round
          barrier.wait()
          let different = (0..<ranks).count { row[$0] != round }
          memory.mismatches.add(different, ordering: .relaxed)
        }
        threads.leave()
      }
    }
    threads.wait()
    #expect(memory.mismatches.load(ordering: .relaxed) == 0)
  }
}
