import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Weights that trials start from.
struct WeightsFile {
  let weights: InitialWeights
  let digest: String

  /// Throws `LockstepError` (data) naming `path`.
  init(_ bytes: [UInt8], path: String) throws {
    weights = try InitialWeights(bytes: bytes, path: path)
    var digest = SHA256()
    bytes.withUnsafeBytes { digest.update($0) }
    self.digest = digest.finish()
  }
}

/// Trains one trial on a group of ranks, without files or a terminal.
struct TrialRun {
  let dataset: Dataset
  let team: ThreadTeam
  let initialWeights: [String: WeightsFile]

  /// What a trial comes to, the same on all ranks of the group.
  enum Outcome {
    /// `metrics` on the group's rank 0 alone.
    case ended(SweepRow, metrics: [UInt8])
    case stopped
    /// Something that grid and data do not decide, such as a lack of memory.
    case broken(any Error)
  }

  /// Trains the trial by the recipe of its rung. Collective over the group. Throws an error of one rank alone, for
  /// which the others may wait.
  func run(_ trial: SweepTrial, _ recipe: Recipe, rung: Int, on group: any Collective) throws -> Outcome {
    let start = ContinuousClock.now
    let notes = TrialNotes()
    var trainer: Trainer?
    func row(_ outcome: SweepRow.Outcome) -> SweepRow {
      SweepRow(
        trial: trial.number, rung: rung, outcome: outcome, epochs: notes.epochs,
        seconds: (ContinuousClock.now - start).inSeconds)
    }
    do {
      let made = try make(recipe, on: group)
      trainer = made
      let result = try made.train(observer: notes)
      guard var validation = result.averaged?.validation ?? result.validation else {
        preconditionFailure("a trial without validation")
      }
      validation.errors = validation.errors.map { RegressionErrors(columns: [$0.mean]) }
      return .ended(row(.done(validation, weights: result.digest)), metrics: notes.lines)
    } catch  where group.size == 1 || error is AgreedError {
      let status = (error as? LockstepError)?.exitStatus ?? (error as? AgreedError)?.exitStatus
      if status == LockstepError.Kind.stopped.rawValue { return .stopped }
      guard let trainer, trainer.hasDiverged else { return .broken(error) }
      let (step, message) = Self.divergence(of: trainer)
      notes.fail(step: step, reason: message)
      return .ended(row(.failed(step: step, message: message)), metrics: notes.lines)
    }
  }

  private func make(_ recipe: Recipe, on group: any Collective) throws -> Trainer {
    let trainer = try group.together {
      try Trainer(recipe: recipe, dataset: dataset, collective: group, team: team)
    }
    trainer.shouldStop = { [parameters = trainer.parameters] in
      Faults.strike(at: $0, parameters)
      return StopRequest.isRaised
    }
    if let file = initialWeights[recipe.initialWeights] {
      let fit = try group.together { try file.weights.fit(to: trainer.network) }
      try trainer.initialize(fit.tensors)
    }
    return trainer
  }

  /// In words that do not depend on the ranks, of which each may find another layer first.
  private static func divergence(of trainer: Trainer) -> (step: Int, message: String) {
    if let failure = trainer.failure {
      return (failure.step, "diverged in step \(failure.step): a gradient or the loss is too large or NaN")
    }
    let step = trainer.state.step
    return (step, "diverged: after step \(step) the validation loss is NaN")
  }
}

/// The figures of a trial's epochs, and its log, on the group's rank 0.
private final class TrialNotes: TrainingObserver {
  private(set) var epochs: [SweepRow.Epoch] = []
  private(set) var lines: [UInt8] = []

  func observe(_ event: TrainingEvent) throws {
    if case .epoch(let report) = event {
      let validation = report.averaged?.validation ?? report.validation
      epochs.append(
        SweepRow.Epoch(
          trainLoss: report.trainLoss, validationLoss: validation?.loss ?? .infinity,
          validationQuality: validation?.quality ?? 0))
    }
    if let line = MetricsLog.line(for: event, logEvery: 0) { add(line) }
  }

  func fail(step: Int, reason: String) {
    var line = JSONLine()
    line.add("event", "error")
    line.add("step", step)
    line.add("reason", reason)
    add(line)
  }

  private func add(_ line: JSONLine) { lines += Array((line.text + "\n").utf8) }
}
