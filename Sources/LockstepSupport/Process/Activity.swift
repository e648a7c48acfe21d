import PlatformC
import Synchronization

/// What this process is at, for its `StallWatch` to tell the other ranks: the main thread stores it, at the cost of one
/// relaxed store a phase.
public enum Activity {
  /// Two words: the phase in the highest byte and the step in the others; what it waits for other ranks in.
  nonisolated(unsafe) private static let ownWords: UnsafeMutablePointer<Atomic<UInt64>> = {
    let words = UnsafeMutablePointer<Atomic<UInt64>>.allocate(capacity: 2)
    for index in 0..<2 { (words + index).initialize(to: Atomic(0)) }
    return words
  }()
  /// Where the words are: in the memory of the node's ranks while they watch each other, so that they see where a
  /// rank was at the moment in which it stopped. Changed by the main thread, before another one reads it and after.
  nonisolated(unsafe) private static var word = ownWords
  /// Counts what the file system has answered, to whichever thread.
  private static let answers = Atomic<UInt64>(0)

  /// One reading of both.
  public struct Snapshot: Equatable, Sendable {
    package var word: UInt64
    package var answers: UInt64

    public init(_ phase: Phase, step: Int, answers: UInt64) {
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

  /// What the main thread waits for the other ranks in, as a word of their own making; 0 where it waits for none.
  package static var wait: UInt64 {
    get { (word + 1).pointee.load(ordering: .relaxed) }
    set { (word + 1).pointee.store(newValue, ordering: .relaxed) }
  }

  /// Returns to the phase before when the body ends. `step` is that of the phase before where none is given.
  public static func during<T>(_ phase: Phase, step: Int? = nil, _ body: () throws -> T) rethrows -> T {
    let before = word.pointee.load(ordering: .relaxed)
    enter(phase, step: step ?? Int(before & (1 << 56 - 1)))
    defer { word.pointee.store(before, ordering: .relaxed) }
    return try body()
  }

  /// As `during`, for work on files that other threads do as well: those only count.
  package static func duringFileAccess<T>(_ phase: Phase, _ body: () throws -> T) rethrows -> T {
    defer { noteAnswer() }
    return isMainThread ? try during(phase, body) : try body()
  }

  /// The file system has answered: it is slow perhaps, not stuck.
  package static func noteAnswer() { answers.add(1, ordering: .relaxed) }

  /// The thread whose phases are told, by its number; 0 where nobody watches.
  private static let mainThread = Atomic<UInt>(0)

  /// Makes the calling thread the one whose phases are told: in `shared`, where there is such memory.
  package static func startTelling(in shared: UnsafeMutablePointer<Atomic<UInt64>>?) {
    mainThread.store(thisThread, ordering: .relaxed)
    move(to: shared ?? ownWords)
  }

  /// From here on `shared` may be given back.
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
