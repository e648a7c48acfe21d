import LockstepSupport
import LockstepTraining

/// Writes a run's checkpoints on a background thread, one at a time, while training continues. On rank 0.
public final class CheckpointWriter: CheckpointSink {
  private let directory: CheckpointDirectory
  private let every: Int
  private let keep: Int
  private let keepsEpochs: Bool
  private let damaged: [Int]
  /// Makes durable what must be on disk before a checkpoint.
  private let prepare: () throws -> Void
  private var task: (task: BackgroundTask, outcome: Outcome)?
  /// The newest checkpoint that is known to be on disk.
  private var safe: String?
  private var failure: (any Error)?
  /// The longest that a checkpoint has taken from `begin` to its end on disk.
  package private(set) var longestWrite = Duration.zero

  private final class Outcome {
    let step: Int
    var result: Result<Void, any Error> = .success(())
    var duration = Duration.zero
    init(step: Int) { self.step = step }
  }

  /// A checkpoint every `every` steps (0: at the end of each epoch only), of which the newest `keep` are kept, and with
  /// `keepsEpochs` those at the end of an epoch. `safe`
  /// is the path of an existing one; damaged files of the steps in `damaged` may be removed; `prepare` is called before
  /// each is written, on the writing thread.
  ///
  /// Throws `LockstepError` (usage) for a negative `every` or a `keep` below 1.
  public init(
    directory: CheckpointDirectory, every: Int, keep: Int, keepsEpochs: Bool = false, safe: String?,
    damaged: [Int] = [],
    prepare: @escaping () throws -> Void = {}
  ) throws {
    for (name, value, least) in [("checkpoint-every", every, 0), ("keep", keep, 1)] where value < least {
      throw LockstepError(.usage, name, expected: "a number from \(least)", found: "\(value)")
    }
    (self.directory, self.every, self.keep, self.safe) = (directory, every, keep, safe)
    (self.keepsEpochs, self.damaged) = (keepsEpochs, damaged)
    self.prepare = prepare
  }

  deinit { task?.task.wait() }

  public func isDue(_ step: Int) -> Bool { every > 0 && step % every == 0 }

  /// Starts to write the checkpoint that `make` returns. The one before must have been waited for.
  public func begin(_ state: TrainingState, _ make: @escaping () -> Checkpoint) {
    precondition(task == nil)
    let outcome = Outcome(step: state.step)
    let (directory, keep, damaged, prepare) = (directory, keep, damaged, prepare)
    // All epochs have the same number of steps.
    let epochSteps = keepsEpochs && state.epoch > 0 ? (state.step - state.stepOfEpoch) / state.epoch : nil
    let started = ContinuousClock.now
    let work = Trace.background("write checkpoint") {
      outcome.result = Result {
        try prepare()
        try directory.write(try make().serialized(), step: outcome.step, keep: keep, damaged: damaged) {
          step in
          epochSteps.map { step % $0 == 0 } ?? false
        }
      }
      outcome.duration = .now - started
    }
    task = (BackgroundTask(work), outcome)
  }

  /// The outcome of the checkpoint that was begun, once known, reported once.
  public func poll() -> TrainingEvent? { task?.task.isDone == true ? wait() : nil }

  /// As `poll`, but waits.
  public func wait() -> TrainingEvent? {
    guard let (task, outcome) = task else { return nil }
    Activity.during(.waitingForCheckpoint, step: outcome.step) { task.wait() }
    self.task = nil
    longestWrite = max(longestWrite, outcome.duration)
    switch outcome.result {
    case .success:
      (safe, failure) = (directory.file(step: outcome.step), nil)
      return .checkpoint(path: safe!, step: outcome.step)
    case .failure(let error):
      failure = error
      return .warning(Self.reported(error, fix: "Training goes on; \(safeText)").description)
    }
  }

  /// The path of the last checkpoint; nil if there was none. Throws if it could not be written.
  public func lastResult() throws -> String? {
    guard let failure else { return safe }
    throw Self.reported(
      failure, fix: "Free space, or mend what else it was, then go on with --resume; \(safeText)")
  }

  private static func reported(_ error: any Error, fix: String) -> LockstepError {
    var reported = error as? LockstepError ?? LockstepError(.failure, "checkpoint", found: "\(error)")
    reported.fix = fix
    return reported
  }

  private var safeText: String {
    safe.map { "\($0) is the newest checkpoint that is safe" } ?? "no checkpoint is safe yet"
  }
}
