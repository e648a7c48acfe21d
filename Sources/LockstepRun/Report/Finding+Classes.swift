import LockstepSupport

/// What points to the labels.
extension RunFigures {
  /// There is nothing in the samples by which to tell classes.
  var alikeSamples: Finding? {
    guard view?.areSamplesAlike == true, let accuracy = last["train_accuracy"],
      isAtChance(accuracy, of: start["training_samples"] ?? 0, chance: chance)
    else { return nil }
    return Finding(
      kind: .alikeSamples,
      text:
        "the samples of the first batch are all the same, so that nothing tells classes apart. See how the data "
        + "were made")
  }

  /// Training samples are learned, by heart: no epoch has made anything of the others, which a network that overfits
  /// does in its first ones.
  var memorized: Finding? {
    guard let part = judged, let end = epochs.last, let training = end["train_accuracy"],
      let accuracy = end["\(part)_accuracy"], let loss = end["\(part)_loss"],
      let samples = start["\(part)_samples"]
    else { return nil }
    // What other shares of the classes would do is not the labels' fault.
    let chance = start["\(part)_baseline_accuracy"] ?? chance
    let entropy = start["\(part)_baseline_loss"] ?? entropy
    let error = (chance * (1 - chance) / max(samples, 1)).squareRoot()
    let accuracies = epochs.compactMap { $0["\(part)_accuracy"] }
    let mean = accuracies.reduce(0, +) / Double(accuracies.count)
    // Few samples cannot tell.
    guard 12 * error < 1 - chance, isAtChance(accuracy, of: samples, chance: chance), loss > entropy,
      mean < chance + 1.5 * error + 0.005, isIndependent,
      epochs.allSatisfy({ $0["\(part)_loss"] ?? 0 > 0.97 * entropy }),
      !isAtChance(training, of: start["training_samples"] ?? 0, chance: self.chance)
    else { return nil }
    return Finding(
      kind: .shuffledLabels,
      text:
        "training accuracy is \(percent(training)), but \(part) accuracy \(percent(accuracy)), no better than "
        + "chance (\(percent(chance)), by the shares of the classes): the labels look shuffled, or those of the two "
        + "parts do not mean the same" + (isBeyond ? "; if they do, \(lower)" : ""))
  }

  /// Whether answers agree with labels no more often than any answers of their numbers would; true where that is not
  /// known.
  private var isIndependent: Bool {
    guard let view, let report = view.report, view.part != "training", report.evaluation.count > 0 else {
      return true
    }
    let count = Double(report.evaluation.count)
    let expected = report.classes.reduce(0) {
      $0 + Double($1.samples) / count * Double($1.predicted) / count
    }
    return isAtChance(report.evaluation.accuracy, of: count, chance: expected)
  }

  /// A class is no sample's, though some of those that judge are of it, and more than all of them would be mistaken for
  /// others by chance.
  var neverPredicted: Finding? {
    // In full ascent all classes may still come.
    if losses.count > 1, losses.last! < 0.9 * losses[losses.count - 2] { return nil }
    guard let view, let report = view.report else { return nil }
    let classes = report.classes
    let mistaken = 1 - report.evaluation.accuracy
    let missing = classes.indices.filter { number in
      let samples = classes[number].samples
      return classes[number].predicted == 0 && samples > 0
        && (samples >= 10 || (0..<samples).reduce(1.0) { product, _ in product * mistaken } < 0.01)
    }
    guard !missing.isEmpty else { return nil }
    let isOne = missing.count == 1
    let named =
      missing.prefix(6).map { report.title($0) }.joined(separator: ", ")
      + (missing.count > 6 ? " and \(missing.count - 6) more" : "")
    let samples = missing.reduce(0) { $0 + classes[$1].samples }
    return Finding(
      kind: .neverPredicted,
      text: "\(isOne ? "class \(named) is" : "classes \(named) are") never predicted, which \(samples) of "
        + "\(report.evaluation.count) \(view.part) samples belong to: \(advice(missing, view))")
  }

  private func advice(_ missing: [Int], _ view: ModelView) -> String {
    let them = missing.count == 1 ? "it" : "them"
    let own = missing.reduce(0) { $0 + view.trainingSamples[$1] }
    let all = view.trainingSamples.reduce(0, +)
    // A quarter of their share if all classes had the same.
    if 4 * own * view.trainingSamples.count < all * missing.count {
      return "only \(own) of \(all) training samples are of \(them). Train on more of these, or longer"
    }
    if losses.count < 2 || losses.last! < 0.98 * losses[losses.count - 2] { return "train longer (--epochs)" }
    if isFalling, losses.last! > 0.8 * unlearned {
      return "the loss still falls, slowly. Train longer (--epochs), or raise the learning rate\(rate)"
    }
    return
      "the training loss no longer falls. Try a learning rate\(rate) ten times lower or higher, or a larger network"
  }
}
