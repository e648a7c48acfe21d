import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Recomputes a segment of a training and compares its end with what is recorded.
struct Replay {
  let segment: Segment
  /// The segment before, whose end is its start.
  let before: Segment?
  let receipt: Receipt
  /// The run directory.
  let path: String

  /// Returns the trainer, at the segment's end. Collective. Throws `AgreedError`: failure for a difference, data for a
  /// checkpoint that cannot be used.
  func run(
    _ dataset: Dataset, _ collective: any Collective, _ team: ThreadTeam, _ listener: RunListener
  ) throws -> Trainer {
    let trainer = try makeTrainer(dataset, collective, team)
    let origin = try begin(trainer, dataset, collective, listener)
    let last = LastEpoch(passing: listener.observer)
    let result = try trainer.train(observer: last)
    try collective.together {
      guard collective.rank == 0 else { return }
      try compare("steps", "\(result.steps)", recorded: "\(segment.end)")
      let report = segment.epoch == nil ? nil : last.report
      if let epoch = segment.epoch {
        try compare(
          "epoch", report.map { "\($0.epoch), step \($0.step)" } ?? "none",
          recorded: "\(epoch), step \(segment.end)")
      }
      try compare(
        "weights", (report?.digest ?? result.digest).hexadecimal, recorded: segment.weights.hexadecimal)
      if segment.end == receipt.step, let recorded = receipt.averagedWeights {
        try compare(
          "averaged weights", result.averaged?.digest.hexadecimal ?? "none", recorded: recorded.hexadecimal)
      }
      let figures =
        report.map(RecordedFigures.of) ?? RecordedFigures.of(result)
      try compare(figures, recorded: segment.figures)
      try listener.result(
        "\(segment.name): \(segment.end - segment.start) steps from \(origin): weights "
          + "\(segment.weights.hexadecimal), \(RecordedFigures.list(segment.figures)), as recorded")
    }
    return trainer
  }

  /// Losses and accuracies.
  func compare(_ figures: [String: Double], recorded: [String: Double]) throws {
    // What is not finite has no place in JSON.
    let figures = figures.filter(\.value.isFinite)
    for name in Set(figures.keys).union(recorded.keys).sorted() {
      // Readers of JSON differ in the last digit; the weights are compared to the bit.
      if let own = figures[name], let other = recorded[name], abs(own - other) <= 1e-14 * abs(other) {
        continue
      }
      func text(_ value: Double?) -> String { value.map { "\($0)" } ?? "none" }
      try compare(name, text(figures[name]), recorded: text(recorded[name]))
    }
  }

  private func makeTrainer(_ dataset: Dataset, _ collective: any Collective, _ team: ThreadTeam) throws
    -> Trainer
  {
    try collective.together {
      try Trainer(recipe: recipe(), dataset: dataset, collective: collective, team: team)
    }
  }

  /// Whether the final weights may be those of any epoch.
  var keepsBest: Bool { (try? recipe().keepBest) ?? false }

  /// The run's, up to the end of the segment.
  private func recipe() throws -> Recipe {
    var recipe = try receipt.readRecipe(path: "\(path)/\(Receipt.fileName)")
    recipe.maxSteps = segment.end
    return recipe
  }

  /// Sets the trainer to the segment's start, and returns what that is. Collective.
  private func begin(
    _ trainer: Trainer, _ dataset: Dataset, _ collective: any Collective, _ listener: RunListener
  ) throws -> String {
    let recipe = try recipe()
    guard segment.start > 0 else {
      try TrainingRun(listener: listener) { _ in recipe }.initialize(trainer, recipe, collective)
      let weights = trainer.parameters.digest
      try collective.together {
        guard let initial = receipt.initialWeights, initial != weights else { return }
        throw difference(
          "the initial weights", weights.hexadecimal, recorded: initial.hexadecimal,
          "\(recipe.initialWeights) is another file than the one that was trained from")
      }
      return "the start"
    }
    let file = CheckpointDirectory(path: path + "/checkpoints").file(step: segment.start)
    let own = try collective.together {
      collective.rank == 0 ? try readFile(file, limit: 1 << 36, kind: .data) : []
    }
    let checkpoint = try trainer.restore(own, path: file, recipe, dataset, collective)
    let weights = trainer.parameters.digest
    try collective.together {
      guard checkpoint.state.step == segment.start else {
        throw LockstepError(
          .data, file, expected: "the checkpoint of step \(segment.start)",
          found: "of step \(checkpoint.state.step)")
      }
      guard let before, before.weights != weights else { return }
      throw difference(
        file, weights.hexadecimal, recorded: before.weights.hexadecimal,
        "The checkpoint is not of the run that the receipt is of, or one of them was changed")
    }
    return "the checkpoint of \(before?.name ?? "step \(segment.start)") (weights \(weights.hexadecimal))"
  }

  private func compare(_ what: String, _ found: String, recorded: String) throws {
    guard found != recorded else { return }
    throw difference(
      what, found, recorded: recorded,
      "Either the run was not computed by this recipe and data, or receipt or checkpoint were changed, or a machine "
        + "computes wrongly")
  }

  private func difference(_ what: String, _ found: String, recorded: String, _ fix: String) -> LockstepError {
    LockstepError(
      .failure, "\(path): \(segment.name): \(what)", expected: "\(recorded), by the receipt",
      found: "\(found) when recomputed", fix: fix)
  }
}

/// Keeps the last epoch's report, and passes on what shows progress.
private final class LastEpoch: TrainingObserver {
  private let next: (any TrainingObserver)?
  private(set) var report: EpochReport?

  init(passing next: (any TrainingObserver)?) { self.next = next }

  func observe(_ event: TrainingEvent) throws {
    switch event {
    case .epoch(let report):
      self.report = report
      try next?.observe(event)
    case .step, .warning: try next?.observe(event)
    default: break
    }
  }
}

/// Losses and accuracies under their names in the metrics.
enum RecordedFigures {
  static func of(_ report: EpochReport) -> [String: Double] {
    var figures = of(report.test, report.validation, nil, report.averaged)
    (figures["train_loss"], figures["train_accuracy"]) = (report.trainLoss, report.trainAccuracy)
    return figures
  }

  static func of(_ result: TrainingResult) -> [String: Double] {
    of(result.test, result.validation, result.training, result.averaged)
  }

  static func of(
    _ test: Evaluation, _ validation: Evaluation?, _ training: Evaluation?, _ averaged: AveragedEvaluation?
  ) -> [String: Double] {
    let parts = [
      ("test", test), ("validation", validation), ("train", training), ("ema_test", averaged?.test),
      ("ema_validation", averaged?.validation), ("ema_train", averaged?.training),
    ]
    return parts.reduce(into: [:]) { $0.merge(of($1.1, $1.0)) { $1 } }
  }

  private static func of(_ evaluation: Evaluation?, _ part: String) -> [String: Double] {
    guard let evaluation, evaluation.count > 0 else { return [:] }
    return Dictionary(uniqueKeysWithValues: evaluation.figures.map { ("\(part)_\($0.name)", $0.value) })
  }

  /// "test accuracy 97.81%, train accuracy 98.02% and losses"
  static func list(_ figures: [String: Double]) -> String {
    let accuracies = figures.sorted { $0.key < $1.key }.compactMap { name, value -> String? in
      let words = name.split(separator: "_")
      let part = words.dropLast().joined(separator: " ")
      switch words.last {
      case "accuracy": return "\(part) accuracy \(percent(value))"
      case "r2": return "\(part) R2 \(fixed(value, 4))"
      default: return nil
      }
    }
    return accuracies.isEmpty ? "no accuracy" : accuracies.joined(separator: ", ") + " and losses"
  }
}
