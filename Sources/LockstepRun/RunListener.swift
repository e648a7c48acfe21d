import LockstepTraining

/// Who hears what a run has to say: the library itself writes to no terminal. All of it is called on rank 0 alone.
public struct RunListener {
  /// Takes a line that changes how a result is to be read.
  public var tell: (String) -> Void
  /// Takes a line that a person may do without.
  public var note: (String) -> Void
  /// Takes the result, one or more lines; what it throws ends the run.
  public var result: (String) throws -> Void
  /// Hears how a training goes on, besides the run's metrics.
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

  /// Tells what is amiss though the run goes on.
  public func warn(_ text: String) { tell("lockstep: warning: \(text)") }
}
