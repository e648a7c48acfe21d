import PlatformC
import Synchronization

/// A barrier of a node's ranks in memory that they share. It takes a fraction of MPI_Barrier's time. Where ranks
/// outnumber cores, one that waits gives its core up at once: those that it waits for need it. Where they do not, it
/// first waits some tenths of a millisecond, longer than a step's shares differ: another program that is let in keeps
/// the core for some milliseconds, and all ranks would wait for that at every step.
public final class SharedBarrier {
  /// What the barrier needs, zeroed: two counters, each on a cache line of its own.
  public static let byteCount = 128

  private let arrived: UnsafeMutablePointer<Atomic<Int>>
  private let generation: UnsafeMutablePointer<Atomic<Int>>
  private let ranks: Int
  private let spins: Int
  /// Where ranks share cores a waiting one sleeps after so many tries: what yields is never idle, and the system leaves
  /// three ranks on one core and one on another.
  private let yields: Int

  private let owner: AnyObject

  /// In memory of `owner`. `sharesCores`: whether the ranks have fewer cores than they are.
  public init(in bytes: UnsafeMutableRawBufferPointer, owner: AnyObject, ranks: Int, sharesCores: Bool) {
    self.owner = owner
    precondition(bytes.count >= Self.byteCount)
    arrived = bytes.baseAddress!.assumingMemoryBound(to: Atomic<Int>.self)
    generation = (bytes.baseAddress! + 64).assumingMemoryBound(to: Atomic<Int>.self)
    self.ranks = ranks
    spins = sharesCores ? 0 : 100_000
    yields = sharesCores ? 100 : .max
  }

  /// Returns when all ranks have called it; what they wrote before is seen after.
  public func wait() {
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
