import LockstepSupport

/// What points to the learning rate.
extension RunFigures {
  var lower: String { "lower the learning rate\(rate), tenfold at a time" }

  private var raise: String { "raise the learning rate\(rate), tenfold at a time" }

  /// The weights are where they were, or nearly, and so is the loss.
  var standstill: Finding? {
    guard let change, change < 0.05, let first = losses.first, let end = losses.last, end > 0.9 * entropy,
      end < 1.1 * unlearned
    else { return nil }
    let moved = "it has moved the weights by \(significant(100 * change))% of their size"
    if change < 0.01, end > 0.98 * first {
      return Finding(
        kind: .standstill,
        text:
          "the learning rate\(rate) has reached nothing: \(moved). Raise --lr, tenfold at a time, until the loss "
          + "falls")
    }
    guard isFalling else { return nil }
    return Finding(
      kind: .standstill,
      text:
        "the learning rate\(rate) has reached little: \(moved), and the loss is \(significant(end)), after "
        + "\(significant(first)) in epoch 1. Raise --lr, tenfold at a time, or train much longer")
  }

  /// Nothing was ever learned. A rate that is too high makes the loss jump, or moves the weights by more than their
  /// size to where one class is all that is answered.
  var atChance: Finding? {
    guard epochs.allSatisfy(isAtChance) else { return nil }
    let since = "no better than \(chanceText) since epoch 1"
    let isFar = (change ?? .infinity) >= 1
    let orLabels = "; if that does not help, the labels do not belong to the samples"
    if answers == 1 {
      let slow =
        ", as the weights have moved by \(significant(100 * (change ?? 0)))% of their size only: \(raise), or take a "
        + "network that learns faster: fewer layers, relu in place of sigmoid and tanh\(orLabels)"
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
  private var isSlow: Bool { (change ?? 1) < 0.05 || isFalling && losses.last! > 1.05 * entropy }

  /// What was learned has been lost again, wholly or much of it.
  var fallen: Finding? {
    guard let own = last["train_accuracy"], let best = counted.compactMap({ $0["train_accuracy"] }).max(),
      best - own > 0.05 || hasJumped && best > own
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
    return min(loss, judgedLoss ?? loss) > 1.1 * unlearned
  }

  private var judgedLoss: Double? { judged.flatMap { last["\($0)_loss"] } }

  /// The same, though samples are told apart. Where the training loss alone is below that, it has jumped and come back
  /// only half of the way; or accuracy falls while the loss of others is that high, which no overfitting does.
  var overshoot: Finding? {
    guard let loss = last["train_loss"], let accuracy = last["train_accuracy"] else { return nil }
    let known = "the \(significant(unlearned)) of knowing nothing"
    let tooFar = "steps go too far. L\(lower.dropFirst())"
    func finding(_ text: String) -> Finding { Finding(kind: .overshoot, text: "\(text): \(tooFar)") }
    if isBeyond {
      return finding(
        "the training loss is \(significant(loss)), more than \(known), though accuracy is \(percent(accuracy))"
      )
    }
    guard counted.count > 1, min(loss, judgedLoss ?? loss) > 0.5 * unlearned else { return nil }
    if losses[0] > 2 * unlearned {
      return finding(
        "the training loss was \(significant(losses[0])) in epoch 1, more than \(known), and is still "
          + "\(significant(loss))")
    }
    let earlier = counted.dropLast().compactMap { $0["train_accuracy"] }.max() ?? 0
    guard let judgedLoss, let judged, judgedLoss > 1.1 * unlearned, accuracy < earlier else { return nil }
    return finding(
      "the \(judged) loss is \(significant(judgedLoss)), more than \(known), while training accuracy falls")
  }
}
