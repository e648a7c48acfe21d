import LockstepSupport

/// What points to the learning rate.
extension RunFigures {
  var lower: String { "lower the learning rate\(rate), tenfold at a time" }

  /// The weights are where they were.
  var standstill: Finding? {
    guard let change, change < 0.01, let first = losses.first, let end = losses.last,
      end > 0.9 * entropy, end > 0.98 * first
    else { return nil }
    return Finding(
      kind: .standstill,
      text: "the learning rate\(rate) has reached nothing: it has moved the weights by "
        + "\(significant(100 * change))% of their size. Raise --lr, tenfold at a time, until the loss falls")
  }

  /// Nothing was ever learned. A rate that is too high makes the loss jump, or moves the weights by more than their
  /// size to where one class is all that is answered.
  var atChance: Finding? {
    guard epochs.allSatisfy(isAtChance) else { return nil }
    let since = "no better than \(chanceText) since epoch 1"
    if view?.areSamplesAlike == true {
      return Finding(
        kind: .alikeSamples,
        text: "\(since): the samples of the first batch are all the same, so that nothing tells classes "
          + "apart. See how the data were made")
    }
    let hasJumped = losses[0] > 1.1 * unlearned
    let isFar = (change ?? .infinity) >= 1
    let raise = "raise the learning rate\(rate), tenfold at a time"
    let orLabels = "; if that does not help, the labels do not belong to the samples"
    if answers == 1 {
      let slow =
        ", as the weights have moved by \(significant(100 * (change ?? 0)))% of their size only: \(raise), or take a "
        + "network that learns faster: fewer layers, relu in place of sigmoid and tanh"
      return Finding(kind: .chance, text: since + (hasJumped || isFar ? ": \(lower)" : slow))
    }
    if answers != nil, !hasJumped, !isSlow {
      return Finding(
        kind: .shuffledLabels,
        text:
          "\(since), though the weights have moved: the labels look shuffled. See whether they belong to the "
          + "samples (the first batch in report.html)")
    }
    return Finding(kind: .chance, text: "\(since): \(hasJumped || isFar ? lower : raise)\(orLabels)")
  }

  /// The weights have hardly moved, or the loss is still on its way to that of the classes' shares.
  private var isSlow: Bool {
    let isFalling = zip(losses, losses.dropFirst()).allSatisfy { $1 < $0 }
    return (change ?? 1) < 0.05 || isFalling && losses.count > 1 && losses.last! > 1.05 * entropy
  }

  /// What was learned has been lost again, wholly or much of it.
  var fallen: Finding? {
    guard let own = last["train_accuracy"], let best = epochs.compactMap({ $0["train_accuracy"] }).max()
    else { return nil }
    if isAtChance(last) {
      return Finding(
        kind: .fallen,
        text: "training accuracy has fallen back from \(percent(best)) to \(chanceText): \(lower)")
    }
    guard own < chance + 0.7 * (best - chance), own < best - 0.05 else { return nil }
    return Finding(
      kind: .fallen, text: "training accuracy has fallen from \(percent(best)) to \(percent(own)): \(lower)")
  }

  /// A loss above that of knowing nothing says that steps go too far.
  var isBeyond: Bool {
    guard let loss = last["train_loss"] else { return false }
    // One epoch's mean has its first steps in it.
    return min(loss, judged.flatMap { last["\($0)_loss"] } ?? loss) > 1.1 * unlearned
  }

  /// The same, though samples are told apart.
  var overshoot: Finding? {
    guard isBeyond, let loss = last["train_loss"], let accuracy = last["train_accuracy"] else { return nil }
    return Finding(
      kind: .overshoot,
      text:
        "the training loss is \(significant(loss)), more than the \(significant(unlearned)) of knowing nothing, "
        + "though accuracy is \(percent(accuracy)): steps go too far. L\(lower.dropFirst())")
  }
}
