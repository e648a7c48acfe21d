extension Trainer {
  /// Trains to the end. Collective; `observer` hears of it on rank 0.
  public func train(observer: (any TrainingObserver)? = nil) throws -> TrainingResult {
    let started = ContinuousClock.now
    let observer = collective.rank == 0 ? observer : nil
    try observer?.observe(.start(startReport))
    var convergence = Convergence(patience: recipe.patience)
    var best: [Float]?
    var lastTest: Evaluation?
    var step = 0
    for epoch in 0..<recipe.epochs where step < totalSteps {
      lastTest = nil
      guard let report = try train(epoch: epoch, from: &step, observer: observer) else { break }
      lastTest = report.test
      try observer?.observe(.epoch(report))
      guard let validation = report.validation else { continue }
      let verdict = convergence.add(
        epoch: epoch + 1, trainLoss: report.trainLoss, validationLoss: validation.loss)
      if let since = verdict.overfittingSince { try observer?.observe(.overfitting(sinceEpoch: since)) }
      if verdict.isBest, recipe.keepBest {
        best = Array(UnsafeBufferPointer(start: parameters.pointer, count: parameters.count))
      }
      if verdict.shouldStop {
        try observer?.observe(.stoppedEarly(epoch: epoch + 1, bestEpoch: convergence.bestEpoch))
        break
      }
    }
    if let best, convergence.bestEpoch * sampler.stepsPerEpoch < step {
      // Where ranks share the parameters, one of them writes and none reads meanwhile.
      try collective.nodeBarrier()
      if exchange.parametersAreOwn || collective.nodeRank == 0 {
        parameters.pointer.update(from: best, count: best.count)
      }
      try collective.nodeBarrier()
      try observer?.observe(.keptBest(epoch: convergence.bestEpoch, validationLoss: convergence.bestLoss))
      lastTest = nil
    }
    let result = TrainingResult(
      steps: step, test: try lastTest ?? evaluator.evaluate(parameters, on: dataset.test),
      digest: try checkedDigest(), seconds: seconds(ContinuousClock.now - started))
    try observer?.observe(.end(result))
    return result
  }

  /// One epoch, or what `totalSteps` leaves of it: nil where it was not whole.
  private func train(epoch: Int, from step: inout Int, observer: (any TrainingObserver)?) throws
    -> EpochReport?
  {
    let started = ContinuousClock.now
    let order = sampler.order(epoch: epoch)
    let steps = min(sampler.stepsPerEpoch, totalSteps - step)
    var total = EpochTotal()
    for stepOfEpoch in 0..<steps {
      let shard = sampler.shard(step: stepOfEpoch, rank: collective.rank, ranks: collective.size)
      let rate = schedule.learningRate(step: step, epoch: epoch)
      let metrics = try train(on: shard, of: order, epoch: epoch, step: step + 1, learningRate: rate)
      step += 1
      total.add(metrics, count: shard.globalCount)
      try observer?.observe(
        .step(
          StepReport(
            epoch: epoch + 1, step: step, totalSteps: totalSteps, loss: metrics.loss, epochLoss: total.loss,
            epochAccuracy: total.accuracy, learningRate: rate)))
    }
    guard steps == sampler.stepsPerEpoch else { return nil }
    let elapsed = seconds(ContinuousClock.now - started)
    _ = try checkedDigest()
    let validation = try validationIndices.map {
      try evaluator.evaluate(parameters, on: dataset.train, indices: $0)
    }
    return EpochReport(
      epoch: epoch + 1, epochs: recipe.epochs, step: step, trainLoss: total.loss,
      trainAccuracy: total.accuracy, validation: validation,
      test: try evaluator.evaluate(parameters, on: dataset.test),
      learningRate: schedule.learningRate(step: step - 1, epoch: epoch), seconds: elapsed,
      samplesPerSecond: Double(sampler.trainingCount) / elapsed)
  }
}

/// Loss and hits of an epoch's steps so far.
private struct EpochTotal {
  private var lossSum = 0.0
  private var hits = 0
  private var count = 0

  mutating func add(_ metrics: StepMetrics, count: Int) {
    lossSum += metrics.loss * Double(count)
    hits += metrics.hits
    self.count += count
  }

  var loss: Double { lossSum / Double(count) }
  var accuracy: Double { Double(hits) / Double(count) }
}

private func seconds(_ duration: Duration) -> Double {
  Double(duration.components.seconds) + Double(duration.components.attoseconds) * 1e-18
}
