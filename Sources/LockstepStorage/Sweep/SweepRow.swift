import LockstepSupport
import LockstepTraining

/// What a trial came to: a line of `sweep.jsonl`.
package struct SweepRow: Equatable, Sendable {
  /// What is known after an epoch.
  package struct Epoch: Equatable, Sendable {
    package let trainLoss: Double
    package let validationLoss: Double
    /// The accuracy, or R2.
    package let validationQuality: Double

    package init(trainLoss: Double, validationLoss: Double, validationQuality: Double) {
      (self.trainLoss, self.validationLoss) = (trainLoss, validationLoss)
      self.validationQuality = validationQuality
    }
  }

  package enum Outcome: Equatable, Sendable {
    /// Trained to the end, to weights of this digest.
    case done(Evaluation, weights: UInt64)
    /// Diverged in this step.
    case failed(step: Int, message: String)
  }

  /// The trial's number, from 1.
  package var trial: Int
  /// With successive halving, the rung, from 1; else 1.
  package var rung: Int
  package var outcome: Outcome
  package var epochs: [Epoch]
  /// How long it took.
  package var seconds: Double

  package init(trial: Int, rung: Int, outcome: Outcome, epochs: [Epoch], seconds: Double) {
    (self.trial, self.rung, self.outcome, self.epochs) = (trial, rung, outcome, epochs)
    self.seconds = seconds
  }

  /// On the validation samples; nil for a trial that failed.
  package var validation: Evaluation? {
    if case .done(let validation, _) = outcome { validation } else { nil }
  }

  /// The line, without its end. `trial` is the one that it is of.
  package func line(of trial: SweepTrial) -> String {
    var line = JSONLine()
    line.add("event", "trial")
    line.add("trial", self.trial)
    line.add("rung", rung)
    line.add("point", trial.point)
    var parameters = JSONLine()
    for parameter in trial.parameters { parameters.add(parameter.key, parameter.value) }
    if let seed = trial.seed { parameters.add("seed", "\(seed)") }
    line.add("parameters", parameters)
    switch outcome {
    case .done(let validation, let weights):
      line.add("status", "done")
      for figure in validation.figures { line.add("validation_\(figure.name)", figure.value) }
      if validation.errors == nil { line.add("validation_hits", validation.hits) }
      line.add("validation_samples", validation.count)
      line.add("weights", weights.hexadecimal)
    case .failed(let step, let message):
      line.add("status", "failed")
      line.add("step", step)
      line.add("message", message)
    }
    line.add("seconds", seconds)
    line.add("train_losses", epochs.map(\.trainLoss))
    line.add("validation_losses", epochs.map(\.validationLoss))
    let name = validation?.errors == nil ? "validation_accuracies" : "validation_r2s"
    line.add(name, epochs.map(\.validationQuality))
    return line.text
  }
}

extension SweepRow {
  private struct Content: Decodable {
    var event: String
    var trial: JSONInteger
    var rung: JSONInteger
    var status: String
    var validationLoss: Double?
    var validationHits: JSONInteger?
    var validationSamples: JSONInteger?
    var weights: String?
    var step: JSONInteger?
    var message: String?
    var seconds: Double
    var trainLosses: [Double?]
    var validationLosses: [Double?]
    var validationAccuracies: [Double?]?
    var validationR2s: [Double?]?
    var mae: Double?
    var rmse: Double?
    var r2: Double?

    private enum CodingKeys: String, CodingKey {
      case event, trial, rung, status, weights, step, message, seconds
      case validationLoss = "validation_loss"
      case validationHits = "validation_hits"
      case validationSamples = "validation_samples"
      case trainLosses = "train_losses"
      case validationLosses = "validation_losses"
      case validationAccuracies = "validation_accuracies"
      case validationR2s = "validation_r2s"
      case mae = "validation_mae"
      case rmse = "validation_rmse"
      case r2 = "validation_r2"
    }

    /// The means over the targets; nil of classes. What is no number is written as null.
    var errors: RegressionErrors? {
      guard validationR2s != nil else { return nil }
      let mean = RegressionErrors.Column(
        meanAbsolute: mae ?? .infinity, rootMeanSquare: rmse ?? .infinity, r2: r2 ?? -.infinity)
      return RegressionErrors(columns: [mean])
    }
  }

  /// nil for what is no such line.
  package init?(line: some Collection<UInt8>) {
    guard let content = try? decodeJSON(Content.self, from: line), content.event == "trial",
      content.trial.value >= 1, content.rung.value >= 1,
      content.trainLosses.count == content.validationLosses.count,
      let qualities = content.validationAccuracies ?? content.validationR2s,
      content.trainLosses.count == qualities.count,
      let outcome = Self.outcome(content)
    else { return nil }
    let epochs = content.trainLosses.indices.map {
      Epoch(
        trainLoss: content.trainLosses[$0] ?? .infinity,
        validationLoss: content.validationLosses[$0] ?? .infinity,
        validationQuality: qualities[$0] ?? .infinity)
    }
    self.init(
      trial: content.trial.value, rung: content.rung.value, outcome: outcome, epochs: epochs,
      seconds: content.seconds)
  }

  private static func outcome(_ content: Content) -> Outcome? {
    switch content.status {
    case "done":
      let errors = content.errors
      guard let hits = errors == nil ? content.validationHits?.value : 0,
        let count = content.validationSamples?.value,
        1...Int(UInt32.max) ~= count, 0...count ~= hits,
        let weights = content.weights.flatMap(UInt64.init(digest:))
      else { return nil }
      var validation = Evaluation(loss: content.validationLoss ?? .infinity, hits: hits, count: count)
      validation.errors = errors
      return .done(validation, weights: weights)
    case "failed":
      guard let step = content.step?.value, step >= 0, let message = content.message else { return nil }
      return .failed(step: step, message: message)
    default: return nil
    }
  }
}
