import LockstepData
import LockstepSupport
import LockstepTraining

extension MetricsLog {
  /// nil for events that are not logged.
  func line(for event: TrainingEvent) -> JSONLine? { Self.line(for: event, logEvery: logEvery) }

  /// The same without a file.
  package static func line(for event: TrainingEvent, logEvery: Int) -> JSONLine? {
    var line = JSONLine()
    switch event {
    case .start(let start): start.describe(in: &line)
    case .step(let report):
      guard logEvery > 0, report.step % logEvery == 0 else { return nil }
      report.describe(in: &line)
    case .epoch(let report): report.describe(in: &line)
    case .overfitting(let epoch):
      line.add("event", "overfitting")
      line.add("since_epoch", epoch)
    case .stoppedEarly(let epoch, let best):
      line.add("event", "stopped_early")
      line.add("epoch", epoch)
      line.add("best_epoch", best)
    case .keptBest(let epoch, let loss):
      line.add("event", "kept_best")
      line.add("epoch", epoch)
      line.add("validation_loss", loss)
    case .resume(let start, let state):
      line.add("event", "resume")
      line.add("epoch", state.epoch + 1)
      line.add("step", state.step)
      line.add("epochs", start.epochs)
      line.add("steps", start.totalSteps)
      line.add("ranks", start.ranks)
      line.add("threads", start.threads)
      line.add("instruction_set", start.instructionSet)
      if let accumulation = start.accumulation { accumulation.describe(in: &line) }
    case .checkpoint(let path, let step):
      line.add("event", "checkpoint")
      line.add("step", step)
      line.add("file", String(path.split(separator: "/").last ?? ""))
    case .warning, .digests: return nil
    case .end(let result): result.describe(in: &line)
    }
    return line
  }
}

extension TrainingStart {
  func describe(in line: inout JSONLine) {
    line.add("event", "start")
    line.add("dataset", dataset)
    line.add("training_samples", trainingSamples)
    line.add("validation_samples", validationSamples)
    line.add("test_samples", testSamples)
    if let targets { line.add("targets", targets) } else { line.add("classes", classes) }
    line.add("loss", loss)
    baselines?.describe(in: &line)
    if let classWeights { line.add("class_weights", classWeights) }
    line.add("parameters", parameters)
    line.add("batch_size", batchSize)
    line.add("epochs", epochs)
    line.add("steps", totalSteps)
    line.add("normalize", normalization.description)
    line.add("learning_rate", learningRate)
    if let initialDigest { line.add("initial_weights", initialDigest.hexadecimal) }
    if let referenceBatch { line.add("lr_reference_batch", referenceBatch) }
    line.add("ranks", ranks)
    line.add("threads", threads)
    if let accumulation { accumulation.describe(in: &line) }
    line.add("instruction_set", instructionSet)
    line.add("host", Host.name)
    line.add("processor", Host.processor)
    line.add("version", Build.version)
  }
}

extension GradientAccumulation {
  func describe(in line: inout JSONLine) { line.add("micro_batches_at_once", microBatchesAtOnce) }
}

extension Baselines {
  func describe(in line: inout JSONLine) {
    for (part, baseline) in [("", training), ("validation_", validation), ("test_", test)] {
      guard let baseline else { continue }
      line.add("\(part)baseline_accuracy", baseline.accuracy)
      line.add("\(part)baseline_loss", baseline.loss)
    }
    line.add("baseline_class", training.commonest)
  }
}

extension StepReport {
  func describe(in line: inout JSONLine) {
    line.add("event", "step")
    line.add("epoch", epoch)
    line.add("step", step)
    line.add("train_loss", loss)
    line.add("learning_rate", learningRate)
  }
}

extension EpochReport {
  func describe(in line: inout JSONLine) {
    line.add("event", "epoch")
    line.add("epoch", epoch)
    line.add("step", step)
    line.add("train_loss", trainLoss)
    if let trainAccuracy { line.add("train_accuracy", trainAccuracy) }
    validation?.describe(as: "validation", in: &line)
    test.describe(as: "test", in: &line)
    averaged?.describe(in: &line)
    line.add("learning_rate", learningRate)
    line.add("weights", digest.hexadecimal)
    line.add("seconds", seconds)
    line.add("samples_per_second", samplesPerSecond)
    if let clampedGradients { line.add("clamped_gradients", clampedGradients) }
    guard let ranks else { return }
    line.add("compute_seconds_min", ranks.compute.lowerBound)
    line.add("compute_seconds_max", ranks.compute.upperBound)
    line.add("wait_seconds_min", ranks.wait.lowerBound)
    line.add("wait_seconds_max", ranks.wait.upperBound)
    line.add("communication_seconds", ranks.communication)
    line.add("slowest_rank", ranks.slowestRank)
    line.add("slowest_host", ranks.slowestHost)
  }
}

extension TrainingResult {
  func describe(in line: inout JSONLine) {
    line.add("event", "end")
    line.add("step", steps)
    test.describe(as: "test", in: &line)
    validation?.describe(as: "validation", in: &line)
    training?.describe(as: "train", in: &line)
    averaged?.describe(in: &line)
    line.add("weights", digest.hexadecimal)
    if let weightsChange { line.add("weights_change", weightsChange) }
    line.add("seconds", seconds)
  }
}

extension AveragedEvaluation {
  func describe(in line: inout JSONLine) {
    validation?.describe(as: "ema_validation", in: &line)
    test.describe(as: "ema_test", in: &line)
    training?.describe(as: "ema_train", in: &line)
    line.add("ema_weights", digest.hexadecimal)
  }
}

extension Evaluation {
  /// Adds nothing without samples.
  func describe(as part: String, in line: inout JSONLine) {
    guard count > 0 else { return }
    for figure in figures { line.add("\(part)_\(figure.name)", figure.value) }
  }
}
