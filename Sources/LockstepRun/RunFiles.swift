import LockstepData
import LockstepNetwork
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// The files of a run and their writers, on rank 0.
struct RunFiles {
  let run: RunDirectory
  let checkpoints: CheckpointWriter
  let metrics: MetricsLog
  let observer: any TrainingObserver
  /// Opened now, so that a trace is not lost for want of a file after hours.
  let trace: DurableFile?
  private let listener: RunListener
  /// How the dataset was imported, for the model.
  private let record: ImportRecord?

  /// `lock` is that of a run to resume from `former` and `state`; nil for a new run.
  init(
    _ training: TrainingRun, _ recipe: Recipe, _ data: DataSource?, lock: RunLock?, former: FormerRun?,
    state: TrainingState
  ) throws {
    listener = training.listener
    if let lock {
      run = try RunDirectory(resuming: lock)
    } else {
      let path = try training.output ?? RunDirectory.makeDefault(named: training.name ?? recipe.name)
      run = try RunDirectory(creating: path, shouldStop: { StopRequest.isRaised }, tell: listener.tell)
    }
    trace = try training.trace.map { try DurableFile($0, option: "--trace") }
    // As the trace: before there is a run, which a second try would be refused for.
    let tensorBoard = try training.tensorBoard.map {
      try TensorBoardLog(directory: $0, logEvery: training.logEvery, tell: training.listener.warn)
    }
    record = if case .directory(let path) = data { try ImportRecord(directory: path) } else { nil }
    if recipe.averagesWeights { try run.requireRoomForAverage() }
    try run.write(recipe)
    if let data { try run.write(data) }
    metrics = try run.openMetrics(
      logEvery: training.logEvery, resuming: training.resumes ? state : nil, tell: listener.warn)
    if metrics.lacksBeginning {
      listener.warn("\(run.path)/metrics.jsonl is lost or damaged: it goes on after step \(state.step)")
    }
    let gradients =
      training.tracedSteps == nil
      ? nil : try run.openGradients(resuming: training.resumes ? state : nil, tell: listener.warn)
    checkpoints = try run.makeCheckpointWriter(
      every: training.checkpointEvery, keep: training.keep,
      keepsEpochs: run.keepsEpochs(training.keepsEpochs),
      recipe: recipe,
      data: data, metrics: metrics,
      former: former)
    observer = Observers([listener.observer, metrics, gradients, tensorBoard].compactMap { $0 })
  }

  /// With what is recorded of its data; of the averaged weights if there are any and they are asked for.
  func model(_ trainer: Trainer, of parameters: Parameters? = nil) throws -> Model {
    var model = try trainer.model(of: parameters ?? trainer.parameters)
    if let record { model.adopt(record) }
    return model
  }

  /// Writes the model, reports the result, and writes the receipt.
  func save(_ result: TrainingResult, of trainer: Trainer, _ recipe: Recipe, _ dataset: Dataset) throws {
    let model = try model(trainer)
    // A receipt of a shorter training is none of this model.
    try run.removeReceipt()
    // First, as a run with a model counts as finished.
    if let average = trainer.averagedParameters { try run.write(average: self.model(trainer, of: average)) }
    try run.write(model)
    listener.note("saved in \(run.path)")
    let average = result.averaged.map {
      let (part, evaluation) = judged($0.test, $0.validation, $0.training)
      return qualityLine(evaluation, of: part, by: " of averaged weights")
    }
    let (part, evaluation) = judged(result.test, result.validation, result.training)
    let lines = ["dataset \(oneLine(dataset.name))", average, qualityLine(evaluation, of: part)]
    try listener.result(
      lines.compactMap { $0 }.joined(separator: "\n") + "\nweights \(result.digest.hexadecimal)")
    _ = try checkpoints.lastResult()
    try run.writeReceipt(recipe, dataset)
  }
}

/// What there is to judge by, with its name.
private func judged(_ test: Evaluation, _ validation: Evaluation?, _ training: Evaluation?) -> (
  String, Evaluation
) {
  validation.map { ("validation", $0) } ?? training.map { ("training", $0) } ?? ("test", test)
}

/// Passes events to several observers.
private final class Observers: TrainingObserver {
  private let observers: [any TrainingObserver]
  init(_ observers: [any TrainingObserver]) { self.observers = observers }

  func observe(_ event: TrainingEvent) throws {
    for observer in observers { try observer.observe(event) }
  }
}
