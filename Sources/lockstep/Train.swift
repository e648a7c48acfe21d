import ArgumentParser
import LockstepCore

struct Train: LockstepCommand {
  static let configuration = CommandConfiguration(
    abstract: "Trains a network and reports its test accuracy.",
    discussion: """
      Without --data it takes $LOCKSTEP_DATA, else data/mnist, else digits that it synthesizes. Runs in one process on \
      all cores, or on ranks: mpirun -np 4 --hostfile hostfile lockstep train.
      """)

  @Option(help: ArgumentHelp("The directory of the IDX files.", valueName: "dir")) var data: String?
  @Option(help: ArgumentHelp("The run directory (default runs/MODEL-TIME).", valueName: "run")) var output:
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
  @Flag(help: "No progress on standard error.") var quiet = false
  @Flag(help: "Print the resolved recipe and the layers, and stop.") var show = false
  @OptionGroup(title: "Recipe") var options: RecipeOptions

  func validate() throws {
    if resume, output == nil {
      throw ValidationError("--resume: expected --output with the run to go on with")
    }
    for (flag, value, least) in [
      ("checkpoint-every", checkpointEvery, 0), ("keep", keep, 1), ("stall-timeout", stallTimeout, 0),
    ]
    where value < least {
      throw ValidationError("--\(flag): expected a number from \(least), found \(value)")
    }
  }

  func run(_ collective: any Collective) throws {
    if !show { StopRequest.catchSignals() }
    try collective.requireSame("\(resume)", "--resume")
    let watch = try startWatch(collective)
    defer { watch?.stop() }
    let former = try resume ? FormerRun(at: output!, collective: collective) : nil
    let (recipe, text) = try collective.together {
      let recipe = try options.resolved(former: former.map { ($0.config, "\(output!)/config.yaml") })
      return (recipe, try recipe.yaml())
    }
    try collective.requireSame(text, "recipe")
    let team = try makeTeam(threads, collective)
    let dataset = try Activity.during(.loadingData) {
      try loadDataset(data ?? former?.dataset, collective, team, quiet: quiet)
    }
    if show {
      let network = try collective.together {
        try Network(
          inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.classes)
      }
      if collective.rank == 0 { print(text + "\n" + network.table) }
      return
    }
    warnOfIdleRanks(recipe, collective)
    let trainer = try collective.together {
      try Trainer(recipe: recipe, dataset: dataset, collective: collective, team: team, exchange: exchange)
    }
    warn(of: dataset, heldBack: trainer.sampler.validationIndices, collective)
    trainer.shouldStop = { [parameters = trainer.parameters] step in
      Faults.strike(at: step, parameters)
      return StopRequest.isRaised
    }
    let checkpoint = try resume ? restore(trainer, recipe, dataset, collective) : nil
    let files = try collective.together {
      try collective.rank == 0 ? RunFiles(self, recipe, state: trainer.state, checkpoint: checkpoint) : nil
    }
    let result = try trainer.train(observer: files?.observer, checkpoints: files?.checkpoints)
    try collective.together {
      guard let files else { return }
      try files.run.write(Model(parameters: trainer.parameters, normalization: trainer.normalization))
      if !quiet { writeError("saved in \(files.run.path)\n") }
      print(result.validation.map { summary($0, of: "validation") } ?? summary(result.test))
      print("weights \(result.digest.hexadecimal)")
      _ = try files.checkpoints.lastResult()
    }
  }

  /// From here on a stalled rank ends the job. nil where none is to.
  private func startWatch(_ collective: any Collective) throws -> StallWatch? {
    try collective.requireSame("\(stallTimeout)", "--stall-timeout")
    guard stallTimeout > 0, !show else { return nil }
    return try StallWatch(timeout: Double(stallTimeout), collective: collective) {
      writeError("lockstep: warning: \($0)\n")
    }
  }

  /// Puts the trainer where the run's newest checkpoint stood and returns its path; nil where there is none.
  private func restore(
    _ trainer: Trainer, _ recipe: Recipe, _ dataset: Dataset, _ collective: any Collective
  ) throws -> String? {
    let directory = CheckpointDirectory(path: output! + "/checkpoints")
    let found = try directory.newest(collective: collective) {
      writeError("lockstep: warning: skipped \($0)\n")
    }
    func tell(_ text: String) { if collective.rank == 0, !quiet { writeError("\(output!): \(text)\n") } }
    guard let (checkpoint, path) = found else {
      tell("there is no checkpoint to go on from: starting from the beginning")
      return nil
    }
    try collective.together {
      try checkpoint.check(recipe, dataset, path: path)
      try trainer.check(checkpoint, path: path)
    }
    try trainer.restore(checkpoint)
    let state = trainer.state
    tell(
      trainer.isDone
        ? "all \(state.step) steps are done: nothing is left to train"
        : "going on after step \(state.step) of \(trainer.totalSteps)")
    return path
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

extension ExchangeName: ExpressibleByArgument {}
