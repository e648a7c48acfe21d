import LockstepCore

/// The files of a run and who writes them: on rank 0.
struct RunFiles {
  let run: RunDirectory
  let checkpoints: CheckpointWriter
  let metrics: MetricsLog
  let observer: any TrainingObserver

  /// `lock` is that of a run that goes on, from `former` and `state`; nil for a new one.
  init(
    _ command: Train, _ recipe: Recipe, _ data: DataSource, lock: RunLock?, former: FormerRun?,
    state: TrainingState
  ) throws {
    if let lock {
      run = try RunDirectory(resuming: lock)
    } else {
      let path = try command.output ?? RunDirectory.makeDefault(named: command.options.runName(recipe))
      run = try RunDirectory(creating: path, shouldStop: { StopRequest.isRaised }, tell: tell)
    }
    try run.write(recipe)
    try run.write(data)
    metrics = try run.openMetrics(
      logEvery: command.logEvery, resuming: command.resume ? state : nil, tell: warn)
    if metrics.lacksBeginning {
      warn("\(run.path)/metrics.jsonl is lost or damaged: it goes on after step \(state.step)")
    }
    checkpoints = try run.makeCheckpointWriter(
      every: command.checkpointEvery, keep: command.keep, recipe: recipe, data: data, metrics: metrics,
      former: former)
    observer = Observers([ProgressObserver(quiet: command.quiet), metrics])
  }

  /// The model, and what is told at the end.
  func save(_ result: TrainingResult, of trainer: Trainer, _ dataset: String, quiet: Bool) throws {
    try run.write(Model(parameters: trainer.parameters, normalization: trainer.normalization))
    if !quiet { writeError("saved in \(run.path)\n") }
    let reached =
      result.validation.map { summary($0, of: "validation", dataset: dataset) }
      ?? summary(result.test, dataset: dataset)
    try writeResult("\(reached)\nweights \(result.digest.hexadecimal)\n")
    _ = try checkpoints.lastResult()
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
