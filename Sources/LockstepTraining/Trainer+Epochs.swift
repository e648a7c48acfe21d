import LockstepData
import LockstepNetwork
import LockstepSupport

extension Trainer {
  /// Trains to the end, from the start or from the restored checkpoint. Collective; `observer` is called on rank 0,
  /// which also writes the checkpoints.
  ///
  /// Throws on all ranks: stopped (status 75) after the step in which `shouldStop` returned true on any of them, with a
  /// checkpoint written; failure if a gradient or the loss is NaN or too large, or replicas differ; data if mapped
  /// files have changed; and whatever `observer` throws.
  public func train(
    observer: (any TrainingObserver)? = nil, checkpoints: (any CheckpointSink)? = nil
  ) throws -> TrainingResult {
    let (started, firstStep) = (ContinuousClock.now, state.step)
    let reporter = Reporter(
      observer: collective.rank == 0 ? observer : nil,
      checkpoints: collective.rank == 0 ? checkpoints : nil)
    let start = startReport
    try reporter.observe(state.step == 0 ? .start(start) : .resume(start, state))
    if let accumulation = start.accumulation, !accumulation.keepsBits {
      try reporter.observe(.warning(accumulation.description))
    }
    var last: EpochReport?
    // A resumed epoch may have all of its steps but lack its evaluation.
    while !isDone {
      last = nil
      guard try takeSteps(reporter) else { break }
      last = try endEpoch(reporter)
      try reporter.checkpoint(state, snapshot())
    }
    try requireSameData()
    // If nothing was left to train, the existing checkpoint stays.
    if state.stepOfEpoch > 0, state.step > firstStep { try reporter.checkpoint(state, snapshot()) }
    if state.convergence.hasRunOut(after: state.epoch) {
      try reporter.observe(.stoppedEarly(epoch: state.epoch, bestEpoch: state.convergence.bestEpoch))
    }
    if try restoreBest(reporter) { last = nil }
    let (test, validation, training) = try judge(parameters, known: last.map { ($0.test, $0.validation) })
    let averaged = try judgeAverage(known: last?.averaged)
    try requireSameData()
    let result = TrainingResult(
      steps: state.step, test: test, validation: validation, training: training, averaged: averaged,
      digest: try checkedDigest(), weightsChange: weightsChange,
      seconds: (ContinuousClock.now - started).inSeconds)
    try reporter.finishLast()
    try reporter.observe(.end(result))
    return result
  }

  /// Where the log will be written.
  private var weightsChange: Double? {
    guard collective.rank == 0, recipe.initialWeights.isEmpty else { return nil }
    return parameters.changes(fromInitial: recipe.seed).all
  }

  /// What a training's end reports of these weights, by what there is: test samples, else validation, else training
  /// samples; an epoch's report may know it already. Collective.
  package func judge(_ parameters: Parameters, known: (test: Evaluation, validation: Evaluation?)? = nil)
    throws -> (
      test: Evaluation, validation: Evaluation?, training: Evaluation?
    )
  {
    let test = try known?.test ?? evaluator.evaluate(parameters, on: dataset.test)
    if test.count > 0 { return (test, nil, nil) }
    let validation = try known?.validation ?? validate(parameters)
    return (
      test, validation, validation == nil ? try evaluator.evaluate(parameters, on: dataset.train) : nil
    )
  }

  /// Takes the epoch's remaining steps, up to `totalSteps`. Returns false if the epoch is incomplete.
  private func takeSteps(_ reporter: Reporter) throws -> Bool {
    let started = ContinuousClock.now
    let order = sampler.order(epoch: state.epoch)
    let (earlier, inCalls) = (state.total.count, collective.timeInCalls)
    var ownSamples = 0
    while state.stepOfEpoch < sampler.stepsPerEpoch, state.step < totalSteps {
      let taken = try takeStep(of: order)
      ownSamples += taken.shard.entries.count
      if let digests = taken.digests { try reporter.observe(.digests(digests)) }
      try reporter.observe(
        .step(
          StepReport(
            epoch: state.epoch + 1, epochs: recipe.epochs, step: state.step, totalSteps: totalSteps,
            stepOfEpoch: state.stepOfEpoch,
            stepsOfEpoch: min(sampler.stepsPerEpoch, totalSteps - state.step + state.stepOfEpoch),
            samplesOfEpoch: state.total.count, loss: taken.metrics.loss.value * loss.unit,
            epochLoss: state.total.loss * loss.unit,
            epochAccuracy: regression == nil ? state.total.accuracy : nil, learningRate: taken.learningRate)))
      if taken.metrics.stopRequests > 0 { try stop(reporter) }
      if state.stepOfEpoch < sampler.stepsPerEpoch, reporter.isDue(state.step) {
        try dataset.requireUnchanged()  // on rank 0 only, whose error ends the job
        try reporter.checkpoint(state, snapshot())
      }
    }
    stepTime = StepTime(
      seconds: (ContinuousClock.now - started).inSeconds,
      inCalls: (collective.timeInCalls - inCalls).inSeconds,
      samples: state.total.count - earlier, ownSamples: ownSamples)
    return state.stepOfEpoch == sampler.stepsPerEpoch
  }

  /// Evaluates after an epoch's last step and checks convergence. Returns the report.
  private func endEpoch(_ reporter: Reporter) throws -> EpochReport {
    let digest = try checkedDigest()
    let validation = try validate(parameters)
    let report = EpochReport(
      epoch: state.epoch + 1, epochs: recipe.epochs, step: state.step,
      trainLoss: state.total.loss * loss.unit,
      trainAccuracy: regression == nil ? state.total.accuracy : nil, validation: validation,
      test: try evaluator.evaluate(parameters, on: dataset.test), averaged: try evaluateAverage(),
      learningRate: schedule.learningRate(step: state.step - 1, epoch: state.epoch), digest: digest,
      seconds: stepTime.seconds, samplesPerSecond: Double(stepTime.samples) / stepTime.seconds,
      clampedGradients: replicas.scales.map { _ in state.total.clamped }, ranks: try rankTimes())
    try requireSameData()
    try reporter.observe(.epoch(report))
    if let advice = report.ranks?.advice, !hasAdvised {
      hasAdvised = true
      try reporter.observe(.warning(advice))
    }
    if let validation {
      let verdict = state.convergence.add(
        epoch: report.epoch, trainLoss: report.trainLoss, validationLoss: validation.loss)
      if let since = verdict.overfittingSince { try reporter.observe(.overfitting(sinceEpoch: since)) }
      if verdict.isBest, recipe.keepBest, replicas.fillsParameters {
        (best, bestAveraged) = (parameters.copy, averagedParameters?.copy)
      }
    }
    state.endEpoch()
    return report
  }

  /// If the recipe keeps the best epoch and it is not the last one: restores its weights and returns true.
  private func restoreBest(_ reporter: Reporter) throws -> Bool {
    let convergence = state.convergence
    guard recipe.keepBest, convergence.bestEpoch > 0,
      convergence.bestEpoch * sampler.stepsPerEpoch < state.step
    else { return false }
    try fillParameters {
      if let best { parameters.set(to: best) }
      if let bestAveraged { averagedParameters?.set(to: bestAveraged) }
    }
    try reporter.observe(.keptBest(epoch: convergence.bestEpoch, validationLoss: convergence.bestLoss))
    return true
  }

  /// Ends the run on all ranks with a checkpoint.
  private func stop(_ reporter: Reporter) throws {
    willStop()
    try collective.together {
      try dataset.requireUnchanged()
      try reporter.checkpoint(state, snapshot())
      try reporter.finishLast()
      let saved = try reporter.checkpoints?.lastResult()
      throw LockstepError(
        .stopped, "stopped \(stopCause()) after step \(state.step) of \(totalSteps)",
        found: saved.map { "\($0) is safe" } ?? "there is no checkpoint",
        fix: saved.map { _ in "Go on with the same command and --resume" })
    }
  }
}

/// Reports to the observer and passes checkpoints to their writer, on rank 0 only.
private final class Reporter {
  let observer: (any TrainingObserver)?
  let checkpoints: (any CheckpointSink)?

  init(observer: (any TrainingObserver)?, checkpoints: (any CheckpointSink)?) {
    self.observer = observer
    self.checkpoints = checkpoints
  }

  func observe(_ event: TrainingEvent) throws {
    if let event = checkpoints?.poll() { try observer?.observe(event) }
    try observer?.observe(event)
  }

  func isDue(_ step: Int) -> Bool { checkpoints?.isDue(step) ?? false }

  func checkpoint(_ state: TrainingState, _ make: @autoclosure () -> (() -> Checkpoint)) throws {
    guard let checkpoints else { return }
    try Trace.span("checkpoint") {
      // Waits for the checkpoint before.
      try finish()
      checkpoints.begin(state, make())
    }
  }

  func finish() throws {
    if let event = checkpoints?.wait() { try observer?.observe(event) }
  }

  /// As `finish`, for the last checkpoint, whose failure will be an error instead of a warning.
  func finishLast() throws {
    if let event = checkpoints?.wait(), case .checkpoint = event { try observer?.observe(event) }
  }
}
