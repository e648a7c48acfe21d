import ArgumentParser
import LockstepCore

struct Train: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a network and reports its test accuracy.",
    usage: "lockstep train [--recipe <name>] [--data <dir>] [--output <run>] [<option> ...]",
    discussion: """
      Without --data it takes $LOCKSTEP_DATA, else data/mnist, else digits that it synthesizes. Runs in one process on \
      all cores, or on ranks: mpirun -np 4 --hostfile hostfile lockstep train.
      """)

  @Option(help: ArgumentHelp("The directory of the IDX files.", valueName: "dir")) var data: String?
  @Option(help: ArgumentHelp("The run directory (default: runs/RECIPE-TIME).", valueName: "run")) var output:
    String?
  @Option(help: "Threads of each rank (default: the cores that it may use).") var threads: Int?
  @Option(help: "How ranks exchange gradients: auto, allreduce or shared (memory). Changes no bit.")
  var exchange: ExchangeName = .auto
  @Option(help: "Steps between the step events in metrics.jsonl; 0 for none.") var logEvery: Int = 100
  @Option(help: "Steps between checkpoints, besides one at the end of each epoch; 0 for none.")
  var checkpointEvery: Int = 0
  @Option(help: "Checkpoints to keep, the newest.") var keep: Int = 3
  @Flag(help: "Go on from the newest checkpoint in the run directory; start where there is none.")
  var resume = false
  @Option(
    help:
      "Seconds after which a rank that stops, or whose disk does, ends the job with its name; 0 for never.")
  var stallTimeout: Int = 60
  @Flag(help: "No progress on standard error; warnings stay.") var quiet = false
  @Flag(help: "Print the resolved recipe and the layers, and stop.") var show = false
  @OptionGroup(title: "Recipe") var options: RecipeOptions

  func validate() throws {
    if resume, output == nil {
      throw ValidationError("--resume: expected --output with the run to go on with")
    }
    if output?.isEmpty == true { throw ValidationError("--output: expected a directory, found ''") }
    for (flag, value, least) in [
      ("log-every", logEvery, 0), ("checkpoint-every", checkpointEvery, 0), ("keep", keep, 1),
      ("stall-timeout", stallTimeout, 0),
    ]
    where value < least {
      throw ValidationError("--\(flag): expected a number from \(least), found \(value)")
    }
  }

  /// Agree, lock, look, load, build, restore, train, save: a run's lock is taken before anything of it is looked at.
  func run(_ collective: any Collective) throws {
    if let listing = options.listing {
      return try collective.together { if collective.rank == 0 { try writeResult(listing) } }
    }
    let lock = try resume && !show ? takeLock(collective) : nil
    defer { withExtendedLifetime(lock) {} }
    let former = try resume ? FormerRun(at: output!, collective: collective, tell: warn) : nil
    let (recipe, text) = try collective.together {
      let recipe = try options.resolved(former: former?.recipe) { if collective.rank == 0 { warn($0) } }
      return (recipe, try recipe.yaml())
    }
    try collective.requireSame(text, "recipe")
    let team = try makeTeam(threads, collective)
    let (source, dataset) = try Activity.during(.loadingData) {
      try loadData(data, for: .training, of: former, at: output, collective, team)
    }
    try StopRequest.check(collective)
    if show { return try show(text, recipe, dataset, collective) }
    warnOfIdleRanks(recipe, collective)
    let trainer = try makeTrainer(recipe, dataset, collective, team)
    if resume { try restore(trainer, recipe, dataset, former, collective) }
    let files = try collective.together {
      guard collective.rank == 0 else { return nil as RunFiles? }
      return try RunFiles(self, recipe, source, lock: lock, former: former, state: trainer.state)
    }
    try noting(files, trainer) {
      let result = try trainer.train(observer: files?.observer, checkpoints: files?.checkpoints)
      try collective.together { try files?.save(result, of: trainer, dataset.name, quiet: quiet) }
    }
  }

  /// On all ranks; nil but on rank 0.
  private func takeLock(_ collective: any Collective) throws -> RunLock? {
    try RunLock.take(output!, collective: collective, shouldStop: { StopRequest.isRaised }, tell: tell)
  }

  var sharesMemory: Bool { true }

  func startWatch(_ collective: any Collective) throws -> StallWatch? {
    guard stallTimeout > 0 else { return nil }
    return try StallWatch(
      timeout: Double(stallTimeout),
      advice: "go on with --resume, or wait longer with a larger --stall-timeout (0: for ever)",
      collective: collective, tell: warn)
  }

  private func show(_ text: String, _ recipe: Recipe, _ dataset: Dataset, _ collective: any Collective) throws
  {
    try collective.together {
      let network = try Network(
        inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.classes)
      if collective.rank == 0 { try writeResult(text + "\n" + network.table + "\n") }
    }
  }

  private func makeTrainer(
    _ recipe: Recipe, _ dataset: Dataset, _ collective: any Collective, _ team: ThreadTeam
  ) throws -> Trainer {
    let trainer = try collective.together {
      try Trainer(recipe: recipe, dataset: dataset, collective: collective, team: team, exchange: exchange)
    }
    warn(of: dataset, heldBack: trainer.sampler.validationIndices, collective)
    trainer.shouldStop = { [parameters = trainer.parameters] step in
      Faults.strike(at: step, parameters)
      return StopRequest.isRaised
    }
    trainer.willStop = { RunLock.markStopping() }
    return trainer
  }

  /// Puts the trainer where the run's newest checkpoint stood, if there is one.
  private func restore(
    _ trainer: Trainer, _ recipe: Recipe, _ dataset: Dataset, _ former: FormerRun?,
    _ collective: any Collective
  ) throws {
    guard let checkpoint = former?.checkpoint, let path = former?.checkpointPath else {
      if collective.rank == 0 {
        tell("\(output!): there is no checkpoint to go on from: starting from the beginning")
      }
      return
    }
    try collective.together {
      try checkpoint.check(recipe, dataset, path: path)
      try trainer.check(checkpoint, path: path)
    }
    try trainer.restore(checkpoint)
    guard collective.rank == 0, !quiet else { return }
    let state = trainer.state
    tell(
      trainer.isDone
        ? "\(output!): all \(state.step) steps are done: nothing is left to train"
        : "\(output!): going on after step \(state.step) of \(trainer.totalSteps)")
  }

  /// Where the body throws, or a watch ends it, the metrics say why. A stop on request is no failure.
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
      }
      throw error
    }
  }

  /// More ranks than micro-batches leave some with nothing to add.
  private func warnOfIdleRanks(_ recipe: Recipe, _ collective: any Collective) {
    guard collective.rank == 0, collective.size > recipe.microBatches else { return }
    writeError(
      "lockstep: \(collective.size - recipe.microBatches) of \(collective.size) ranks have nothing to do, because a "
        + "batch is cut into \(recipe.microBatches) micro-batches. Raise --micro-batches (which changes the bits)\n"
    )
  }
}

/// Tells what changes how a result is to be read, which --quiet does not hide.
func tell(_ text: String) { writeError(text + "\n") }

func warn(_ text: String) { tell("lockstep: warning: \(text)") }

extension ExchangeName: ExpressibleByArgument {}
