import LockstepTraining

/// Receives what a run reports: the library itself writes to no terminal. Called on rank 0 only.
public struct RunListener {
  /// Receives a line that matters for the interpretation of a result, such as a warning.
  public var tell: (String) -> Void
  /// Receives a line that is informative only.
  public var note: (String) -> Void
  /// Receives the result, one or more lines. An error that it throws ends the run.
  public var result: (String) throws -> Void
  /// Receives the events of a training, besides the run's metrics.
  public var observer: (any TrainingObserver)?

  public init(
    tell: @escaping (String) -> Void, note: @escaping (String) -> Void = { _ in },
    result: @escaping (String) throws -> Void, observer: (any TrainingObserver)? = nil
  ) {
    self.tell = tell
    self.note = note
    self.result = result
    self.observer = observer
  }

  /// Reports a problem that does not end the run.
  public func warn(_ text: String) { tell("lockstep: warning: \(text)") }
}
