import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Why a training has come to little, as far as its figures tell.
package struct Finding: Equatable {
  package enum Kind { case batch, standstill, chance, shuffledLabels, neverPredicted }
  package let kind: Kind
  /// One line, with what to do.
  package let text: String
}

extension Finding {
  /// What is seen in a run's log, the cause alone where others follow from it. Accuracies are
  /// judged against what always gives the same answer reaches, three standard deviations above it allowed.
  package static func all(in history: RunHistory) -> [Finding] { all(in: history, nil) }

  /// The same, and what a look at the model shows.
  static func all(in history: RunHistory, _ view: ModelView?) -> [Finding] {
    guard let start = history.events("start").last else { return [] }
    let epochs = history.events("epoch")
    if let finding = batch(start) { return [finding] }
    // A few steps say nothing.
    guard let last = epochs.last, epochs.count > 1 || last["step"] ?? 0 >= 100,
      let chance = start["baseline_accuracy"], let entropy = start["baseline_loss"], chance < 0.99
    else { return [] }
    let facts = Facts(
      start: start, epochs: epochs, last: last, chance: chance, entropy: entropy, view: view)
    // What one says the others follow from.
    let found =
      facts.standstill ?? facts.atChance ?? facts.fallenBack ?? facts.memorized ?? facts.neverPredicted
    return [found].compactMap { $0 }
  }

  private static func batch(_ start: RunHistory.Event) -> Finding? {
    guard let batch = start["batch_size"], let samples = start["training_samples"], batch > samples else {
      return nil
    }
    // A tenth of the data, as a power of two.
    let better = stride(from: 6, through: 0, by: -1).map { 1 << $0 }.first { Double(10 * $0) <= samples } ?? 1
    return Finding(
      kind: .batch,
      text:
        "batch-size \(fixed(batch, 0)) is larger than the \(fixed(samples, 0)) training samples: an epoch is a "
        + "single step. Lower it (--batch-size \(better))")
  }
}

/// Figures of a run.
private struct Facts {
  let start: RunHistory.Event
  let epochs: [RunHistory.Event]
  let last: RunHistory.Event
  /// Accuracy and loss of what always gives the same answer.
  let chance: Double
  let entropy: Double
  let view: ModelView?

  private var losses: [Double] { epochs.compactMap { $0["train_loss"] } }
  private var rate: String { start["learning_rate"].map { " (\(significant($0)))" } ?? "" }

  private func isAtChance(_ accuracy: Double, of samples: Double) -> Bool {
    accuracy <= chance + 3 * (chance * (1 - chance) / max(samples, 1)).squareRoot() + 0.005
  }

  private var chanceText: String {
    "chance (\(percent(chance)), by always answering class \(fixed(start["baseline_class"] ?? 0, 0)))"
  }

  /// The weights are where they were.
  var standstill: Finding? {
    guard let change = view?.change, change < 0.01, let first = losses.first, let end = losses.last,
      end > 0.9 * entropy, end > 0.98 * first
    else { return nil }
    return Finding(
      kind: .standstill,
      text: "the learning rate\(rate) has reached nothing: it has moved the weights by "
        + "\(significant(100 * change))% of their size. Raise --lr, tenfold at a time, until the loss falls")
  }

  /// Whether the epoch's training samples were taken for what they are no more often than by chance.
  private func isAtChance(_ epoch: RunHistory.Event) -> Bool {
    guard let accuracy = epoch["train_accuracy"], let loss = epoch["train_loss"] else { return false }
    return isAtChance(accuracy, of: start["training_samples"] ?? 0) && loss >= 0.98 * entropy
  }

  var atChance: Finding? {
    guard epochs.allSatisfy(isAtChance) else { return nil }
    let hasJumped = losses[0] > 1.1 * entropy
    let answers = view.map { $0.report.classes.count { $0.predicted > 0 } }
    if !hasJumped, let answers, answers > 1 {
      return Finding(
        kind: .shuffledLabels,
        text:
          "no better than \(chanceText) since epoch 1, though the weights have moved: the labels look shuffled. "
          + "See whether they belong to the samples (the first batch in report.html)")
    }
    return Finding(
      kind: .chance,
      text: "no better than \(chanceText) since epoch 1: lower the learning rate\(rate), tenfold at a time"
        + (answers == 1 ? "" : "; if that does not help, the labels do not belong to the samples"))
  }

  /// What was learned has been lost again.
  var fallenBack: Finding? {
    guard isAtChance(last), let best = epochs.compactMap({ $0["train_accuracy"] }).max() else { return nil }
    return Finding(
      kind: .chance,
      text:
        "training accuracy has fallen back from \(percent(best)) to \(chanceText): lower the learning rate"
        + "\(rate), tenfold at a time")
  }

  /// Training samples are learned, by heart.
  var memorized: Finding? {
    let part = last["test_accuracy"] != nil ? "test" : "validation"
    let samples = start["\(part)_samples"] ?? 0
    guard let accuracy = last["\(part)_accuracy"], let loss = last["\(part)_loss"],
      isAtChance(accuracy, of: samples), loss > entropy, let training = last["train_accuracy"],
      !isAtChance(training, of: start["training_samples"] ?? 0)
    else { return nil }
    return Finding(
      kind: .shuffledLabels,
      text:
        "training accuracy is \(percent(training)), but \(part) accuracy \(percent(accuracy)), no better than "
        + "\(chanceText): the labels look shuffled, or those of the two parts do not mean the same")
  }

  var neverPredicted: Finding? {
    guard let view else { return nil }
    let classes = view.report.classes
    // A few samples may all be mistaken.
    let missing = classes.indices.filter { classes[$0].samples >= 10 && classes[$0].predicted == 0 }
    // A model with a single answer has another illness.
    guard !missing.isEmpty, classes.count(where: { $0.predicted > 0 }) > 1 else { return nil }
    let named = missing.prefix(6).map { view.report.title($0) }.joined(separator: ", ")
    let samples = missing.reduce(0) { $0 + classes[$1].samples }
    return Finding(
      kind: .neverPredicted,
      text: "\(missing.count == 1 ? "class" : "classes") \(named)"
        + (missing.count > 6 ? " and \(missing.count - 6) more" : "")
        + " \(missing.count == 1 ? "is" : "are") never predicted, which \(samples) of "
        + "\(view.report.evaluation.count) \(view.part) samples belong to: train longer, or on more samples of "
        + (missing.count == 1 ? "it" : "them"))
  }
}
