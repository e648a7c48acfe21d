import LockstepCore

/// Shows the progress of a training on the terminal.
final class ProgressObserver: TrainingObserver {
  private let progress = Progress()

  private let quiet: Bool
  private var pace = TrainingPace()
  private var lastEpochLine = ContinuousClock.now
  /// Sums over the epochs of this run so far, of several ranks.
  private var times: RankTimes?

  /// `quiet`: warnings only.
  init(quiet: Bool = false) { self.quiet = quiet }

  func observe(_ event: TrainingEvent) {
    if case .warning(let text) = event { return progress.line("lockstep: warning: " + text) }
    if quiet { return }
    switch event {
    case .warning, .digests: break
    case .checkpoint: progress.finish()
    case .start(let start), .resume(let start, _):
      let ranks = start.ranks == 1 ? "one process" : "\(start.ranks) ranks"
      let threads = start.threads == 1 ? "1 thread" : "\(start.threads) threads"
      progress.line(
        "\(start.trainingSamples) \(start.trainingSamples == 1 ? "sample" : "samples") of "
          + "\(shapeText(start.sampleShape)) \(Self.labels(start)) of \(oneLine(start.dataset)), "
          + "\(start.parameters) parameters, \(start.optimization), \(ranks) of \(threads) (\(start.instructionSet))"
      )
      if let reference = start.referenceBatch {
        progress.line(
          "learning rate \(start.learningRate): \(start.recipeRate) times \(start.batchSize)/\(reference), by the "
            + "linear scaling rule")
      }
      if let accumulation = start.accumulation, accumulation.keepsBits {
        progress.line(accumulation.description)
      }
    case .step(let report):
      pace.add(report)
      progress.update(Double(report.stepOfEpoch) / Double(max(report.stepsOfEpoch, 1))) { parts(report) }
    case .epoch(let report):
      add(report.ranks)
      guard !isLeftOut(report) else { break }
      lastEpochLine = .now
      let validation = report.validation.map { "validation \(Self.quality($0)), " } ?? ""
      let test = report.test.count > 0 ? "test \(Self.quality(report.test)), " : ""
      let averaged = report.averaged.flatMap { $0.test.count > 0 ? $0.test : $0.validation }
      let average = averaged.map { "averaged \(Self.quality($0)), " } ?? ""
      let accuracy = report.trainAccuracy.map { "accuracy \(percent($0)), " } ?? ""
      progress.line(
        "epoch \(report.epoch)/\(report.epochs): loss \(Self.loss(report.trainLoss, report.trainAccuracy)), "
          + "\(accuracy)\(validation)\(test)\(average)\(fixed(report.seconds, 2)) s, "
          + "\(Int(report.samplesPerSecond)) samples/s")
    case .overfitting(let epoch):
      progress.line("overfitting since epoch \(epoch): validation loss has risen, training loss still falls")
    case .stoppedEarly(let epoch, let best):
      progress.line("stopped after epoch \(epoch): no smaller validation loss since epoch \(best)")
    case .keptBest(let epoch, let loss):
      progress.line("kept the weights of epoch \(epoch), validation loss \(fixed(loss, 4))")
    case .end:
      progress.finish()
      if let times { progress.line(Self.text(times)) }
    }
  }

  /// "in 10 classes", or "with 2 targets each"
  private static func labels(_ start: TrainingStart) -> String {
    start.targets.map { "with \($0) target\($0 == 1 ? "" : "s") each" } ?? "in \(start.classes) classes"
  }

  private static func quality(_ evaluation: Evaluation) -> String {
    evaluation.errors?.text ?? percent(evaluation.accuracy)
  }

  /// Without an accuracy a loss may have any unit.
  private static func loss(_ loss: Double, _ accuracy: Double?) -> String {
    accuracy == nil ? significant(loss, 4) : fixed(loss, 4)
  }

  private func parts(_ report: StepReport) -> (title: String, details: [String]) {
    return (
      "epoch \(report.epoch)/\(report.epochs)",
      [
        "\(report.stepOfEpoch)/\(report.stepsOfEpoch)",
        "loss \(Self.loss(report.epochLoss, report.epochAccuracy))",
      ] + [report.epochAccuracy.map { "accuracy \(percent($0))" }].compactMap { $0 }
        + [pace.secondsLeft.map { TrainingPace.clock($0) + " left" }].compactMap { $0 }
        + ["lr \(significant(report.learningRate))"]
        + [pace.samplesPerSecond.map { "\(Int(min($0, 1e15))) samples/s" }].compactMap { $0 }
    )
  }

  /// In a log, of hundreds of epochs only one a pause is told of.
  private func isLeftOut(_ report: EpochReport) -> Bool {
    progress.isPlain && report.epochs > 100 && report.epoch < report.epochs
      && .now - lastEpochLine < progress.pause
  }

  private func add(_ epoch: RankTimes?) {
    guard let epoch else { return }
    guard let sum = times else { return times = epoch }
    func add(_ a: ClosedRange<Double>, _ b: ClosedRange<Double>) -> ClosedRange<Double> {
      a.lowerBound + b.lowerBound...a.upperBound + b.upperBound
    }
    times = epoch
    times?.compute = add(sum.compute, epoch.compute)
    times?.wait = add(sum.wait, epoch.wait)
    times?.communication += sum.communication
  }

  private static func text(_ times: RankTimes) -> String {
    func span(_ range: ClosedRange<Double>) -> String {
      "\(fixed(range.lowerBound, 2)) to \(fixed(range.upperBound, 2)) s"
    }
    return "time of a rank: computing \(span(times.compute)), waiting \(span(times.wait)), communicating "
      + "\(fixed(times.communication, 2)) s; slowest in the last epoch: rank \(times.slowestRank) on "
      + oneLine(times.slowestHost)
  }
}
