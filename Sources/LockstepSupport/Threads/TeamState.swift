import CKernels
import PlatformC
import Synchronization

/// The shared state of a team's threads: the job, which pieces are taken, and how to wait for the next job.
///
/// Each atomic write costs the other cores a cache miss, which adds up over a step's dozen jobs. So one word holds both
/// the number of pieces left and the number of threads visiting the job: a thread counts itself in, touches the job
/// only if pieces were left, and counts itself out together with the pieces it did. The caller waits for the word to be
/// zero, so that a thread that wakes late never sees a half-published next job.
final class TeamState: @unchecked Sendable {
  let ending = Atomic<Bool>(false)
  private let count: Int
  private let spins: Int
  private var job: TeamJob?
  /// Pieces left, plus `visitor` for each visiting thread.
  private let work = Atomic<Int>(0)
  private static let visitor = 1 << 32
  private let generation = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private var mutex = pthread_mutex_t()
  private var wake = pthread_cond_t()
  /// The next piece of each share, a cache line apart.
  private let cursors: UnsafeMutablePointer<Atomic<Int>>
  private static let lineStride = 16

  init(count: Int, spins: Int) {
    self.count = count
    self.spins = spins
    cursors = .allocate(capacity: count * Self.lineStride)
    for i in 0..<count * Self.lineStride { (cursors + i).initialize(to: Atomic(0)) }
    pthread_mutex_init(&mutex, nil)
    pthread_cond_init(&wake, nil)
  }

  deinit { cursors.deallocate() }

  /// Called by the thread that has a job: publishes it, works on it, and returns when all of it is done.
  func run(_ job: TeamJob) {
    self.job = job
    var pieces = 0
    for share in 0..<job.shares {
      pieces += job.pieceCount(of: share)
      cursors[share * Self.lineStride].store(0, ordering: .relaxed)
    }
    work.add(pieces, ordering: .sequentiallyConsistent)
    publish()
    work.subtract(takePieces(of: job, from: 0), ordering: .releasing)
    spin { self.work.load(ordering: .acquiring) == 0 }
    self.job = nil
  }

  /// The main loop of a thread: waits for jobs and works on them until the team ends.
  func serve(index: Int) {
    var seen = 0
    while true {
      seen = wait(past: seen)
      if ending.load(ordering: .acquiring) { return }
      let left = work.add(Self.visitor, ordering: .acquiring).oldValue % Self.visitor
      var done = 0
      if left > 0, let job { done = Trace.work(of: index) { takePieces(of: job, from: index) } }
      work.subtract(Self.visitor + done, ordering: .releasing)
    }
  }

  /// Wakes the threads.
  func publish() {
    generation.add(1, ordering: .sequentiallyConsistent)
    guard sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(&mutex)
    pthread_cond_broadcast(&wake)
    pthread_mutex_unlock(&mutex)
  }

  /// Works on pieces of the thread's own share, then of the others', until none is left; returns how many it did.
  private func takePieces(of job: TeamJob, from own: Int) -> Int {
    var done = 0
    for offset in 0..<job.shares {
      let share = (own + offset) % job.shares
      let (cursor, pieces) = (cursors + share * Self.lineStride, job.pieceCount(of: share))
      while cursor.pointee.load(ordering: .relaxed) < pieces {
        let piece = cursor.pointee.add(1, ordering: .relaxed).oldValue
        if piece >= pieces { break }
        job.body(job.range(share: share, piece: piece), own)
        done += 1
      }
    }
    return done
  }

  private func spin(until done: () -> Bool) {
    var tries = 0
    while !done() {
      tries += 1
      if tries < spins { kernel_spin_hint() } else { sched_yield() }
    }
  }

  /// Returns the generation once it exceeds `seen`: spins first, then sleeps.
  private func wait(past seen: Int) -> Int {
    for _ in 0..<spins {
      let now = generation.load(ordering: .acquiring)
      if now > seen { return now }
      kernel_spin_hint()
    }
    pthread_mutex_lock(&mutex)
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while generation.load(ordering: .sequentiallyConsistent) <= seen { pthread_cond_wait(&wake, &mutex) }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(&mutex)
    return generation.load(ordering: .sequentiallyConsistent)
  }
}

extension Range<Int> {
  /// As the kernels take it.
  package var kernel: kernel_range { kernel_range(begin: lowerBound, end: upperBound) }
}
