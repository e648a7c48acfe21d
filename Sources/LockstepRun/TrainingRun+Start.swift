import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

extension TrainingRun {
  /// The inputs of a training.
  struct Start {
    let former: FormerRun?
    let recipe: Recipe
    let team: ThreadTeam
    /// nil for a dataset that was given.
    let source: DataSource?
    let dataset: Dataset
  }

  /// Agrees on the recipe and loads the data. Collective.
  func prepare(_ collective: any Collective) throws -> Start {
    let former = try resumes ? FormerRun(at: output!, collective: collective, tell: listener.warn) : nil
    let (recipe, text) = try collective.together {
      let recipe = try self.recipe(former?.recipe)
      return (recipe, try recipe.yaml())
    }
    try collective.requireSame(
      text.split(separator: "\n").map { Fact("recipe", "'\($0)'") },
      fix: "Start every rank with the same arguments, recipe file and binary")
    let team = try makeTeam(threads, collective)
    try startTrace(team, collective)
    let (source, dataset) = try Activity.during(.loadingData) {
      try Trace.span("load data") {
        try find(former, collective, team)
      }
    }
    if let trace {
      try collective.together {
        if collective.rank == 0 {
          try requireNoInput(trace, option: "--trace", inputs: inputFiles(of: dataset))
        }
      }
    }
    try StopRequest.check(collective)
    return Start(former: former, recipe: recipe, team: team, source: source, dataset: dataset)
  }

  /// The dataset that was given, if it is the same on all ranks, or that of files. Collective.
  private func find(
    _ former: FormerRun?, _ collective: any Collective, _ team: ThreadTeam
  ) throws -> (DataSource?, Dataset) {
    guard let dataset else {
      return try loadData(data, for: .training, of: former, at: output, collective, team, listener)
    }
    try collective.requireSame(
      [Fact(dataset.name, "a dataset of digest \(dataset.checksum.hexadecimal)")],
      fix: "Make the same dataset on every rank")
    return (nil, dataset)
  }

  /// Collective.
  func makeTrainer(_ start: Start, _ collective: any Collective) throws -> Trainer {
    let trainer = try collective.together {
      try Trainer(
        recipe: start.recipe, dataset: start.dataset, collective: collective, team: start.team,
        exchange: exchange, bucketBytes: bucketBytes)
    }
    listener.warn(of: start.dataset, heldBack: trainer.sampler.validationIndices, collective)
    // Clocks of ranks differ.
    let limit = collective.rank == 0 ? timeLimit : nil
    trainer.shouldStop = { [parameters = trainer.parameters, shouldStop] step in
      Faults.strike(at: step, parameters)
      let isTimeUp = limit?.check() ?? false
      return StopRequest.isRaised || shouldStop() || isTimeUp
    }
    if let limit { trainer.stopCause = { limit.isReached ? "by --max-time \(limit.text)" : "on request" } }
    trainer.willStop = { RunLock.markStopping() }
    return trainer
  }

  /// Restores the run's newest checkpoint, if there is one. Collective.
  func restore(_ trainer: Trainer, _ start: Start, _ collective: any Collective) throws {
    guard let checkpoint = start.former?.checkpoint, let path = start.former?.checkpointPath else {
      if collective.rank == 0 {
        listener.tell("\(output!): there is no checkpoint to go on from: starting from the beginning")
      }
      return
    }
    try collective.together {
      try checkpoint.check(start.recipe, start.dataset, path: path)
      try trainer.check(checkpoint, path: path)
    }
    try trainer.restore(checkpoint)
    guard collective.rank == 0 else { return }
    let state = trainer.state
    listener.note(
      trainer.isDone
        ? "\(output!): all \(state.step) steps are done: nothing is left to train"
        : "\(output!): going on after step \(state.step) of \(trainer.totalSteps)")
  }
}
