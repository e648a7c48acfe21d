import PlatformC
import Synchronization

/// A barrier of a node's ranks in shared memory, several times as fast as MPI_Barrier. If ranks outnumber cores, a
/// waiting rank yields its core at once, because the ranks it waits for need it. Otherwise it first spins for some
/// tenths of a millisecond, longer than ranks usually differ: another program that gets the core keeps it for
/// milliseconds, and all ranks would wait for that at every step.
package final class SharedBarrier {
  /// The size of the zeroed memory that a barrier needs: two counters, each on its own cache line.
  package static let byteCount = 128

  private let arrived: UnsafeMutablePointer<Atomic<Int>>
  private let generation: UnsafeMutablePointer<Atomic<Int>>
  private let ranks: Int
  private let spins: Int
  /// The tries after which a waiting rank sleeps if ranks share cores: a rank that only yields is never idle, so the
  /// system may leave three ranks on one core and one on another.
  private let yields: Int

  private let owner: AnyObject

  /// In memory that `owner` keeps alive. `sharesCores`: whether there are fewer cores than ranks.
  package init(in bytes: UnsafeMutableRawBufferPointer, owner: AnyObject, ranks: Int, sharesCores: Bool) {
    self.owner = owner
    precondition(bytes.count >= Self.byteCount)
    arrived = bytes.baseAddress!.assumingMemoryBound(to: Atomic<Int>.self)
    generation = (bytes.baseAddress! + 64).assumingMemoryBound(to: Atomic<Int>.self)
    self.ranks = ranks
    spins = sharesCores ? 0 : 100_000
    yields = sharesCores ? 100 : .max
  }

  /// Returns when all ranks have called it; earlier writes are then visible.
  package func wait() {
    let now = generation.pointee.load(ordering: .acquiring)
    guard arrived.pointee.add(1, ordering: .acquiringAndReleasing).newValue < ranks else {
      arrived.pointee.store(0, ordering: .relaxed)
      generation.pointee.add(1, ordering: .releasing)
      return
    }
    var tries = 0
    while generation.pointee.load(ordering: .acquiring) == now {
      tries += 1
      if tries > yields { usleep(20) } else if tries > spins { sched_yield() }
    }
  }
}
