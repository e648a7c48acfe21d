import LockstepTraining

/// The time after which a run stops with a checkpoint, by the clock of rank 0, which alone asks for it: the others
/// hear of it as of a request by signal.
///
/// The run stops where the next round might not end in time: a margin before the end it takes no further step. The
/// margin is twice the longest round so far (a step, with an evaluation if one comes before the next) and twice the
/// longest writing of a checkpoint, because one of each may have begun, and `spare` for the process to end. At least
/// one step is taken, so that a run that is started again and again gets on.
public final class TimeLimit {
  /// As the user wrote it.
  let text: String
  private let end: ContinuousClock.Instant
  private var last: ContinuousClock.Instant
  private var longestRound = Duration.zero
  /// The longest writing of a checkpoint so far, or what is expected of the first.
  private var longestWrite: () -> Duration = { .zero }
  /// Whether the time was up when it was last asked for.
  package private(set) var isReached = false

  static let spare = Duration.seconds(2)
  /// Bytes a second of a slow disk.
  private static let slowDisk = 50e6

  /// `duration` counts from `start`, that of the process.
  public init(_ duration: Duration, text: String, since start: ContinuousClock.Instant) {
    (self.text, end, last) = (text, start + duration, start)
  }

  /// To be called before the first step.
  package func begin(
    _ trainer: Trainer, longestWrite: @escaping () -> Duration, at now: ContinuousClock.Instant = .now
  ) {
    // Weights and at most two moments.
    begin(bytes: 12 * trainer.parameters.count, longestWrite: longestWrite, at: now)
  }

  package func begin(bytes: Int, longestWrite: @escaping () -> Duration, at now: ContinuousClock.Instant) {
    last = now
    let first = Duration.seconds(Double(bytes) / Self.slowDisk)
    self.longestWrite = {
      let measured = longestWrite()
      return measured > .zero ? measured : first
    }
  }

  /// Whether to stop after this step. To be called in each.
  package func check(at now: ContinuousClock.Instant = .now) -> Bool {
    longestRound = max(longestRound, now - last)
    last = now
    isReached = now + (longestRound + longestWrite()) * 2 + Self.spare >= end
    return isReached
  }
}
