import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A barrier of a node's ranks in memory that they share. It takes a fraction of MPI_Barrier's time, and a rank that
/// waits longer than a moment gives its core up: where ranks outnumber cores, those that it waits for need it.
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

  public init(in bytes: UnsafeMutableRawBufferPointer, ranks: Int) {
    precondition(bytes.count >= Self.byteCount)
    arrived = bytes.baseAddress!.assumingMemoryBound(to: Atomic<Int>.self)
    generation = (bytes.baseAddress! + 64).assumingMemoryBound(to: Atomic<Int>.self)
    self.ranks = ranks
    spins = Launcher.ranksShareCores ? 0 : 2000
    yields = Launcher.ranksShareCores ? 100 : .max
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
