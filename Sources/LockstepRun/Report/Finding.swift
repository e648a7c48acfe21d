import LockstepStorage
import LockstepSupport

/// Why a training has come to little, as far as its figures tell.
package struct Finding: Equatable {
  package enum Kind {
    case batch, standstill, alikeSamples, chance, fallen, overshoot, shuffledLabels, neverPredicted, meanOnly
  }
  package let kind: Kind
  /// One line, with what to do.
  package let text: String
}

extension Finding {
  /// What is seen in a run's log, the cause alone where others follow from it.
  package static func all(in history: RunHistory) -> [Finding] { all(in: history, nil) }

  /// The same, and what a look at the model shows.
  static func all(in history: RunHistory, _ view: ModelView?) -> [Finding] {
    if let start = history.events("start").last, let finding = batch(start) { return [finding] }
    if let finding = meanOnly(history) { return [finding] }
    guard let figures = RunFigures(history, view) else { return [] }
    // What one says the others follow from.
    let found =
      figures.alikeSamples ?? figures.standstill ?? figures.atChance ?? figures.fallen ?? figures.memorized
      ?? figures.overshoot ?? figures.neverPredicted
    return [found].compactMap { $0 }
  }

  /// Of numbers no more is predicted than their mean would be.
  private static func meanOnly(_ history: RunHistory) -> Finding? {
    let epochs = history.events("epoch")
    guard let last = history.keptEpoch, epochs.count > 1 || last["step"] ?? 0 >= 100,
      let part = ["test", "validation"].first(where: { last["\($0)_r2"] != nil }),
      let r2 = last["\(part)_r2"], r2 < 0.05
    else { return nil }
    let rate = history.events("start").last?["learning_rate"].map { " (\(significant($0)))" } ?? ""
    return Finding(
      kind: .meanOnly,
      text:
        "\(part) R2 is \(significant(r2)): \(r2 < -0.05 ? "worse than" : "no better than") always answering the mean "
        + "of the targets. Try a learning rate\(rate) ten times lower or higher, train longer (--epochs), or look at "
        + "the targets for outliers")
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
