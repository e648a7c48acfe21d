import LockstepCore

/// The files of a run and who writes them: on rank 0.
struct RunFiles {
  let run: RunDirectory
  let checkpoints: CheckpointWriter
  let observer: any TrainingObserver

  /// `state` is where training begins, `checkpoint` the path of where it comes from.
  init(_ command: Train, _ recipe: Recipe, state: TrainingState, checkpoint: String?) throws {
    let path = command.output ?? RunDirectory.defaultPath(for: recipe)
    run = try command.resume ? RunDirectory(resuming: path) : RunDirectory(creating: path)
    try run.write(recipe)
    let metrics = try run.openMetrics(
      logEvery: command.logEvery, resuming: command.resume ? state : nil)
    checkpoints = try run.makeCheckpointWriter(
      every: command.checkpointEvery, keep: command.keep, recipe: recipe, metrics: metrics, safe: checkpoint)
    observer = Observers([ProgressObserver(quiet: command.quiet), metrics])
  }
}

/// Tells several observers.
private final class Observers: TrainingObserver {
  private let observers: [any TrainingObserver]
  init(_ observers: [any TrainingObserver]) { self.observers = observers }

  func observe(_ event: TrainingEvent) throws {
    for observer in observers { try observer.observe(event) }
  }
}
