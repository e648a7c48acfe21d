import CKernels
import PlatformC
import Synchronization

/// The threads of one rank. They divide the elements of a kernel's output, never a sum, so that neither their number
/// nor the schedule changes a bit.
///
/// A step has about ten jobs of some ten microseconds each. Each thread starts with the same share every time, whose
/// data is in its cache, and then helps the others: a thread that the system has preempted delays nobody for longer
/// than its current piece.
public final class ThreadTeam: @unchecked Sendable {
  /// The number of threads, the calling one included.
  public let count: Int
  private let state: TeamState
  /// Called on the thread that made the team, between two pieces of its work: what must not wait for a job's end, and
  /// may be done by that thread alone. To be set by that thread, between two jobs.
  package var betweenPieces: (() -> Void)?
  private let owner = pthread_self()
  private var threads: [pthread_t] = []
  /// Bytes of a thread's stack: the most that kernels need, and three times that for their callers.
  package static let stackSize = 4 * KERNEL_STACK_BYTES

  /// The most threads of a team.
  public static let mostThreads = 1024

  /// Throws `LockstepError`: usage for a `count` outside of 1 to `mostThreads` or a main stack that is too small,
  /// failure if the system grants fewer threads.
  public init(count: Int) throws {
    guard 1...Self.mostThreads ~= count else {
      throw LockstepError(
        .usage, "--threads", expected: "a number from 1 to \(Self.mostThreads)", found: "\(count)")
    }
    try Self.requireStack()
    self.count = count
    // Spinning pays only while every thread has a core.
    state = TeamState(count: count, spins: count <= Processors.atOnce ? 600 : 0)
    // The default stacks are too small (128 KB in musl, 512 KB in macOS) for the lists that kernels keep there.
    var attributes = pthread_attr_t()
    pthread_attr_init(&attributes)
    defer { pthread_attr_destroy(&attributes) }
    pthread_attr_setstacksize(&attributes, Self.stackSize)
    for index in 1..<count {
      let start = Unmanaged.passRetained(Start(state: state, index: index))
      #if canImport(Glibc)
        var thread = pthread_t()
      #else
        var thread: pthread_t!
      #endif
      let code = pthread_create(&thread, &attributes, Self.main, start.toOpaque())
      guard code == 0 else {
        start.release()
        throw LockstepError(
          .failure, "--threads", expected: "\(count) threads", found: "the system granted \(index)",
          fix: "Ask for fewer, or raise the limit on "
            + (limit(on: RLIMIT_AS) == nil ? "" : "address space (ulimit -v) or on ")
            + "processes (ulimit -u)")
      }
      threads.append(thread)
    }
  }

  deinit {
    state.ending.store(true, ordering: .sequentiallyConsistent)
    state.publish()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// The calling thread works too. If it is the main thread, its stack can grow to the current limit only.
  private static func requireStack() throws {
    guard let bytes = limit(on: RLIMIT_STACK), bytes < Double(stackSize) else { return }
    throw LockstepError(
      .usage, "stack", expected: "a limit of at least \(stackSize >> 10) KB (ulimit -s)",
      found: "\(fixed(bytes / 1024, 0)) KB", fix: "Raise it: ulimit -s 8192")
  }

  /// Splits `0 ..< units` over the threads and returns when all of it is done. Ranges begin at multiples of `grain`,
  /// the least that is worth handing to a thread; a thread's share is cut into up to `pieces` pieces, which other
  /// threads can take over.
  package func split(_ units: Int, grain: Int = 1, pieces: Int = 4, _ body: @escaping (Range<Int>) -> Void) {
    splitByThread(units, grain: grain, pieces: pieces) { range, _ in body(range) }
  }

  /// The same for a body that takes the number of the thread, `0 ..< count`.
  package func splitByThread(
    _ units: Int, grain: Int = 1, pieces: Int = 4, _ body: @escaping (Range<Int>, _ thread: Int) -> Void
  ) {
    let grain = max(grain, 1)
    let blocks = (units + grain - 1) / grain
    let shares = min(count, blocks)
    guard shares > 1 else { return runAlone(units, grain: grain, pieces: min(pieces, blocks), body) }
    guard betweenPieces != nil else {
      return state.run(
        TeamJob(units: units, grain: grain, blocks: blocks, shares: shares, pieces: pieces, body: body))
    }
    state.run(
      TeamJob(units: units, grain: grain, blocks: blocks, shares: shares, pieces: pieces) {
        body($0, $1)
        self.breathe()
      })
  }

  private func runAlone(_ units: Int, grain: Int, pieces: Int, _ body: (Range<Int>, _ thread: Int) -> Void) {
    guard units > 0 else { return }
    guard betweenPieces != nil else { return body(0..<units, 0) }
    let blocks = (units + grain - 1) / grain
    for piece in 0..<pieces {
      let part = Share(index: piece, count: pieces).range(of: blocks)
      body(part.lowerBound * grain..<min(part.upperBound * grain, units), 0)
      breathe()
    }
  }

  /// Calls `betweenPieces`, if this is its thread: for pieces that take long.
  package func breathe() {
    if let betweenPieces, pthread_equal(owner, pthread_self()) != 0 { betweenPieces() }
  }

  /// A thread's argument.
  private final class Start {
    let state: TeamState
    let index: Int
    init(state: TeamState, index: Int) {
      self.state = state
      self.index = index
    }
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
    let start = Unmanaged<Start>.fromOpaque(raw!).takeRetainedValue()
    start.state.serve(index: start.index)
    return nil
  }
}

/// One parallel job: units in blocks of `grain`, blocks in one share a thread, shares in pieces.
struct TeamJob {
  let units: Int
  let grain: Int
  let blocks: Int
  let shares: Int
  let pieces: Int
  let body: (Range<Int>, Int) -> Void

  private func firstBlock(of share: Int) -> Int { Share.begin(share, of: shares, in: blocks) }

  func pieceCount(of share: Int) -> Int { min(pieces, firstBlock(of: share + 1) - firstBlock(of: share)) }

  func range(share: Int, piece: Int) -> Range<Int> {
    let begin = firstBlock(of: share)
    let count = firstBlock(of: share + 1) - begin
    let parts = pieceCount(of: share)
    let lower = begin + Share.begin(piece, of: parts, in: count)
    let upper = begin + Share.begin(piece + 1, of: parts, in: count)
    return lower * grain..<min(upper * grain, units)
  }
}
