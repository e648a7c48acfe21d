import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// A training from start to saved model: agree, lock, inspect, load, build, restore, train, save. A run's lock is taken
/// before any of its files is read.
public struct TrainingRun {
  /// The directory of the IDX files; nil for the resumed run's own data, or `DataSource.resolve`.
  public var data: String?
  /// The dataset, the same on all ranks, instead of `data`.
  package var dataset: Dataset?
  /// Whether there is a run directory. Without one, nothing is written.
  package var keepsFiles = true
  /// Asked on each rank in each step: true stops the run with a checkpoint, as a `StopRequest` does.
  package var shouldStop: () -> Bool = { false }
  /// The run directory; nil for a new one in `runs`, named after the recipe and the time.
  public var output: String?
  /// The recipe's name, for the default `output`; nil for its model's.
  public var name: String?
  /// The threads of this rank; nil for its share of the processors.
  public var threads: Int?
  /// How ranks exchange gradients. Changes no bit.
  public var exchange = ExchangeName.auto
  /// The least bytes of gradients that go to other nodes together; nil for what suits the network. Changes no bit.
  public var bucketBytes: Int?
  /// Steps between the step events in `metrics.jsonl`; 0 for none.
  public var logEvery = 100
  /// Steps between checkpoints, besides one at the end of each epoch; 0 for none.
  public var checkpointEvery = 0
  /// How many checkpoints to keep, the newest.
  public var keep = 3
  /// Whether to keep the checkpoints of all epochs besides, so that each can be verified.
  public var keepsEpochs = false
  /// Whether a finished run has its `report.html`.
  public var writesReport = true
  /// When to stop with a checkpoint, as on request; nil for never.
  public var timeLimit: TimeLimit?
  /// A file for a trace of all ranks' threads in the Trace Event Format; nil for none.
  public var trace: String?
  /// Steps whose digests go to `gradients.jsonl`; nil for none.
  public var tracedSteps: TracedSteps?
  /// A directory for the metrics as TensorBoard reads them; nil for none.
  public var tensorBoard: String?
  /// Whether to resume the run in `output`, which must be set, if there is one.
  public var resumes = false
  /// Receives warnings, progress and the result.
  public let listener: RunListener
  /// Makes the recipe, given the resumed run's latest.
  let recipe: (_ former: Recipe?) throws -> Recipe

  /// `recipe` is called once, with the latest recipe of the run to resume, if there is one.
  public init(listener: RunListener, recipe: @escaping (_ former: Recipe?) throws -> Recipe) {
    (self.listener, self.recipe) = (listener, recipe)
  }

  /// Trains, and reports the test accuracy and the digest of the weights to the listener. Collective, with the same
  /// values on all ranks except `data` and `threads`.
  ///
  /// Throws `LockstepError` or `AgreedError`: usage for an invalid recipe or value, data for files that cannot be used,
  /// stopped if a `StopRequest` or the `timeLimit` ended it with a checkpoint, failure for all else.
  public func run(_ collective: any Collective) throws {
    var trainer: Trainer?
    try run(collective, &trainer)
  }

  /// The same. `trainer` is what has trained, also after a stop.
  package func run(_ collective: any Collective, _ trainer: inout Trainer?) throws {
    let lock = try resumes ? takeLock(collective) : nil
    defer { withExtendedLifetime(lock) {} }
    defer { _ = Trace.stop() }  // of a run that fails before its files are open
    let start = try prepare(collective)
    warnOfIdleRanks(start.recipe, collective)
    let made = try makeTrainer(start, collective)
    trainer = made
    warnOfSmallMicroBatches(start.recipe, made.network, collective)
    warnOfSlowAverage(start.recipe, made, collective)
    try train(made, start, lock, collective)
  }

  private func train(_ trainer: Trainer, _ start: Start, _ lock: RunLock?, _ collective: any Collective)
    throws
  {
    if resumes { try restore(trainer, start, collective) }
    if start.former?.checkpoint == nil { try initialize(trainer, start.recipe, collective) }
    traceSteps(of: trainer, collective)
    let files = try collective.together {
      guard collective.rank == 0, keepsFiles else { return nil as RunFiles? }
      return try RunFiles(
        self, start.recipe, start.source, lock: lock, former: start.former, state: trainer.state)
    }
    if let writer = files?.checkpoints { timeLimit?.begin(trainer) { writer.longestWrite } }
    try tracing(files?.trace, collective) {
      try noting(files, trainer) {
        let result = try trainer.train(
          observer: files?.observer ?? listener.observer, checkpoints: files?.checkpoints)
        warnOfUntracedSteps(of: trainer, collective)
        try collective.together { try files?.save(result, of: trainer, start.recipe, start.dataset) }
        if keepsFiles, writesReport { try report(trainer, files, start, collective) }
      }
    }
  }

  /// Reports the resolved recipe and a table of the layers to the listener, without training. Collective. Throws as
  /// `run` does.
  public func show(_ collective: any Collective) throws {
    let start = try prepare(collective)
    try collective.together {
      let (dataset, recipe) = (start.dataset, start.recipe)
      let network = try Network(
        inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.outputs)
      if collective.rank == 0 { try listener.result(try recipe.yaml() + "\n" + network.table) }
    }
  }

  /// Collective; returns nil except on rank 0.
  private func takeLock(_ collective: any Collective) throws -> RunLock? {
    try RunLock.take(
      output!, collective: collective, shouldStop: { StopRequest.isRaised }, tell: listener.tell)
  }

  /// If the body throws or a watch ends it, the reason is logged to the metrics. A stop on request is no failure.
  private func noting(_ files: RunFiles?, _ trainer: Trainer, _ body: () throws -> Void) throws {
    if let metrics = files?.metrics {
      LastWords.set { try? metrics.noteFailure(step: $0, layer: nil, reason: $1) }
    }
    defer { LastWords.set(nil) }
    do { try body() } catch {
      let status = (error as? LockstepError)?.exitStatus ?? (error as? AgreedError)?.exitStatus
      if status != LockstepError.Kind.stopped.rawValue {
        try? files?.metrics.noteFailure(
          step: trainer.failure?.step ?? trainer.state.step, layer: trainer.failure?.layer, reason: "\(error)"
        )
        reportFailure(files)
      }
      throw error
    }
  }
}
