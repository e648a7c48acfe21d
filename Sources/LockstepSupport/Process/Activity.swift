import PlatformC
import Synchronization

/// What this process is doing, for its `StallWatch` to show the other ranks. The main thread stores it, one relaxed
/// store a phase.
package enum Activity {
  /// Two words: the phase in the highest byte and the step in the others; the collective call that it waits in.
  nonisolated(unsafe) private static let ownWords: UnsafeMutablePointer<Atomic<UInt64>> = {
    let words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: 2)
    for index in 0..<2 { (words + index).initialize(to: Atomic(0)) }
    return words
  }()
  /// Where the words are: in the node's shared memory while its ranks watch each other, so that they see where a rank
  /// was when it stopped. Only the main thread changes it, while no other thread reads it.
  nonisolated(unsafe) private static var word = ownWords
  /// Completed calls of the file system, by any thread.
  private static let answers = Atomic<UInt64>(0)

  /// One reading of both.
  package struct Snapshot: Equatable, Sendable {
    package var word: UInt64
    package var answers: UInt64

    package init(_ phase: Phase, step: Int, answers: UInt64) {
      self.init(word: UInt64(phase.rawValue) << 56 | UInt64(step), answers: answers)
    }

    package init(word: UInt64, answers: UInt64) {
      self.word = word
      self.answers = answers
    }

    package var phase: Phase { Phase(rawValue: UInt8(word >> 56)) }
    package var step: Int { Int(word & (1 << 56 - 1)) }
  }

  package static var snapshot: Snapshot {
    Snapshot(word: word.pointee.load(ordering: .relaxed), answers: answers.load(ordering: .relaxed))
  }

  package static func enter(_ phase: Phase, step: Int) {
    word.pointee.store(UInt64(phase.rawValue) << 56 | UInt64(step), ordering: .relaxed)
  }

  /// The collective call in which the main thread waits, encoded by the caller; 0 for none.
  package static var wait: UInt64 {
    get { (word + 1).pointee.load(ordering: .relaxed) }
    set { (word + 1).pointee.store(newValue, ordering: .relaxed) }
  }

  /// Returns to the previous phase when the body ends. `step` defaults to that of the previous phase.
  package static func during<T>(_ phase: Phase, step: Int? = nil, _ body: () throws -> T) rethrows -> T {
    let before = word.pointee.load(ordering: .relaxed)
    enter(phase, step: step ?? Int(before & (1 << 56 - 1)))
    defer { word.pointee.store(before, ordering: .relaxed) }
    return try body()
  }

  /// As `during`, for file access that other threads do as well: their calls are only counted.
  package static func duringFileAccess<T>(_ phase: Phase, _ body: () throws -> T) rethrows -> T {
    defer { noteAnswer() }
    return isMainThread ? try during(phase, body) : try body()
  }

  /// A call of the file system has completed: it may be slow, but it is not stuck.
  package static func noteAnswer() { answers.add(1, ordering: .relaxed) }

  /// The number of the thread whose phases are shown; 0 if nobody watches.
  private static let mainThread = Atomic<UInt>(0)

  /// Shows the calling thread's phases from now on, in `shared` if given.
  package static func startTelling(in shared: UnsafeMutablePointer<Atomic<UInt64>>?) {
    mainThread.store(thisThread, ordering: .relaxed)
    move(to: shared ?? ownWords)
  }

  /// After this `shared` may be released.
  package static func stopTelling() { move(to: ownWords) }

  private static func move(to place: UnsafeMutablePointer<Atomic<UInt64>>) {
    let (phase, former) = (word.pointee.load(ordering: .relaxed), wait)
    word = place
    place.pointee.store(phase, ordering: .relaxed)
    wait = former
  }

  package static var isMainThread: Bool { mainThread.load(ordering: .relaxed) == thisThread }

  private static var thisThread: UInt {
    #if canImport(Darwin)
      UInt(bitPattern: pthread_self())
    #else
      UInt(pthread_self())
    #endif
  }
}
