/// Receives rank 0's checkpoints, one at a time, and writes them while training continues.
public protocol CheckpointSink: AnyObject {
  /// Whether a checkpoint is due after this step, counted from 1; those at the end of an epoch always are.
  func isDue(_ step: Int) -> Bool
  /// Starts to write the checkpoint that `make` returns, on any thread. The one before must have been waited for.
  func begin(_ state: TrainingState, _ make: @escaping () -> Checkpoint)
  /// The outcome of the checkpoint that was begun, once known, reported once: `.checkpoint` or `.warning`.
  func poll() -> TrainingEvent?
  /// As `poll`, but waits for the outcome.
  func wait() -> TrainingEvent?
  /// The path of the last checkpoint; nil if there was none. Throws if it could not be written.
  func lastResult() throws -> String?
}
