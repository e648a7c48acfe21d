/// Where rank 0's trainer puts its checkpoints: one at a time, written while training goes on.
public protocol CheckpointSink: AnyObject {
  /// Whether one is to be written after this step, besides those at the end of an epoch.
  func isDue(_ step: Int) -> Bool
  /// Starts to write what `make` makes, on whichever thread. The one before must have been waited for.
  func begin(_ state: TrainingState, _ make: @escaping () -> Checkpoint)
  /// What became of the checkpoint that was begun, once it is known and has not been told.
  func poll() -> TrainingEvent?
  /// As `poll`, but waits.
  func wait() -> TrainingEvent?
  /// Where the last checkpoint is; nil where there was none. Throws where it could not be written.
  func lastResult() throws -> String?
}
