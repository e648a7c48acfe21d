import LockstepSupport
import LockstepTraining

/// What a trial came to: a line of `sweep.jsonl`.
package struct SweepRow: Equatable, Sendable {
  /// What is known after an epoch.
  package struct Epoch: Equatable, Sendable {
    package let trainLoss: Double
    package let validationLoss: Double
    package let validationAccuracy: Double

    package init(trainLoss: Double, validationLoss: Double, validationAccuracy: Double) {
      (self.trainLoss, self.validationLoss) = (trainLoss, validationLoss)
      self.validationAccuracy = validationAccuracy
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
      line.add("validation_loss", validation.loss)
      line.add("validation_accuracy", validation.accuracy)
      line.add("validation_hits", validation.hits)
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
    line.add("validation_accuracies", epochs.map(\.validationAccuracy))
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
    var validationAccuracies: [Double?]

    private enum CodingKeys: String, CodingKey {
      case event, trial, rung, status, weights, step, message, seconds
      case validationLoss = "validation_loss"
      case validationHits = "validation_hits"
      case validationSamples = "validation_samples"
      case trainLosses = "train_losses"
      case validationLosses = "validation_losses"
      case validationAccuracies = "validation_accuracies"
    }
  }

  /// nil for what is no such line.
  package init?(line: some Collection<UInt8>) {
    guard let content = try? decodeJSON(Content.self, from: line), content.event == "trial",
      content.trial.value >= 1, content.rung.value >= 1,
      content.trainLosses.count == content.validationLosses.count,
      content.trainLosses.count == content.validationAccuracies.count,
      let outcome = Self.outcome(content)
    else { return nil }
    let epochs = content.trainLosses.indices.map {
      Epoch(
        trainLoss: content.trainLosses[$0] ?? .infinity,
        validationLoss: content.validationLosses[$0] ?? .infinity,
        validationAccuracy: content.validationAccuracies[$0] ?? .infinity)
    }
    self.init(
      trial: content.trial.value, rung: content.rung.value, outcome: outcome, epochs: epochs,
      seconds: content.seconds)
  }

  private static func outcome(_ content: Content) -> Outcome? {
    switch content.status {
    case "done":
      guard let hits = content.validationHits?.value, let count = content.validationSamples?.value,
        1...Int(UInt32.max) ~= count, 0...count ~= hits,
        let weights = content.weights.flatMap(UInt64.init(digest:))
      else { return nil }
      let loss = content.validationLoss ?? .infinity
      return .done(Evaluation(loss: loss, hits: hits, count: count), weights: weights)
    case "failed":
      guard let step = content.step?.value, step >= 0, let message = content.message else { return nil }
      return .failed(step: step, message: message)
    default: return nil
    }
  }
}
