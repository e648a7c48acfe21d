import CKernels
import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The threads of one rank. They split the elements of a kernel's output among them, never a sum, so that their
/// number changes no bit.
///
/// A step has about ten parallel parts of some ten microseconds each, so a thread that waits spins for a while before
/// it gives its core back.
public final class ThreadTeam: @unchecked Sendable {
  public let count: Int
  private let state = State()
  private var threads: [pthread_t] = []

  /// What the threads share.
  private final class State: @unchecked Sendable {
    let generation = Atomic<Int>(0)
    let unfinished = Atomic<Int>(0)
    let sleepers = Atomic<Int>(0)
    var job: ((Int) -> Void)?
    var mutex = pthread_mutex_t()
    var wake = pthread_cond_t()
    var spins = 0
    let ending = Atomic<Bool>(false)

    init() {
      pthread_mutex_init(&mutex, nil)
      pthread_cond_init(&wake, nil)
    }
  }

  /// What a thread is told when it starts.
  private final class Start {
    let state: State
    let index: Int
    init(state: State, index: Int) {
      self.state = state
      self.index = index
    }
  }

  /// Throws `LockstepError` where the system grants no more threads.
  public init(count: Int) throws {
    precondition(count >= 1)
    self.count = count
    // Spinning pays only while every thread has a core.
    state.spins = count <= sysconf(Int32(_SC_NPROCESSORS_ONLN)) ? 4000 : 0
    for index in 1..<max(count, 1) {
      let start = Unmanaged.passRetained(Start(state: state, index: index))
      #if canImport(Glibc)
        var thread = pthread_t()
      #else
        var thread: pthread_t!
      #endif
      let code = pthread_create(&thread, nil, Self.main, start.toOpaque())
      guard code == 0 else {
        start.release()
        throw LockstepError(
          .failure, "--threads", expected: "\(count) threads", found: "the system granted \(index)",
          fix: "Ask for fewer, or raise the limit on processes (ulimit -u)")
      }
      threads.append(thread)
    }
  }

  deinit {
    state.ending.store(true, ordering: .sequentiallyConsistent)
    publish()
    for thread in threads { pthread_join(thread, nil) }
  }

  /// Runs the body once on every thread, with the thread's number, and returns when all are done.
  public func run(_ body: @escaping (Int) -> Void) {
    guard count > 1 else { return body(0) }
    state.job = body
    state.unfinished.store(count - 1, ordering: .relaxed)
    publish()
    body(0)
    var spins = 0
    while state.unfinished.load(ordering: .acquiring) > 0 {
      spins += 1
      if spins < state.spins { kernel_spin_hint() } else { sched_yield() }
    }
    state.job = nil
  }

  /// Splits `0 ..< units` evenly over the threads. Less than `grain` units a thread are not worth waking one.
  public func split(_ units: Int, grain: Int = 1, _ body: @escaping (Range<Int>) -> Void) {
    let parts = min(count, units / max(grain, 1))
    guard parts > 1 else {
      if units > 0 { body(0..<units) }
      return
    }
    run { index in
      if index < parts { body(units * index / parts..<units * (index + 1) / parts) }
    }
  }

  private func publish() {
    state.generation.add(1, ordering: .sequentiallyConsistent)
    guard state.sleepers.load(ordering: .sequentiallyConsistent) > 0 else { return }
    pthread_mutex_lock(&state.mutex)
    pthread_cond_broadcast(&state.wake)
    pthread_mutex_unlock(&state.mutex)
  }

  private static let main: @convention(c) (UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? = { raw in
    let start = Unmanaged<Start>.fromOpaque(raw!).takeRetainedValue()
    let state = start.state
    var seen = 0
    while true {
      wait(state, past: seen)
      seen += 1
      if state.ending.load(ordering: .acquiring) { return nil }
      state.job!(start.index)
      state.unfinished.subtract(1, ordering: .releasing)
    }
  }

  /// Returns when the generation has gone past `seen`: spins first, then sleeps.
  private static func wait(_ state: State, past seen: Int) {
    for _ in 0..<state.spins {
      if state.generation.load(ordering: .acquiring) > seen { return }
      kernel_spin_hint()
    }
    pthread_mutex_lock(&state.mutex)
    state.sleepers.add(1, ordering: .sequentiallyConsistent)
    while state.generation.load(ordering: .sequentiallyConsistent) <= seen {
      pthread_cond_wait(&state.wake, &state.mutex)
    }
    state.sleepers.subtract(1, ordering: .sequentiallyConsistent)
    pthread_mutex_unlock(&state.mutex)
  }
}

extension Range<Int> {
  /// As the kernels take it.
  var kernel: kernel_range { kernel_range(begin: lowerBound, end: upperBound) }
}
