import LockstepStorage
import LockstepSupport
import PlatformC

/// The figures by which a run is judged.
struct RunFigures {
  let start: RunHistory.Event
  let epochs: [RunHistory.Event]
  /// The epoch whose weights the run has in the end: `epochs` go on after it where the best was kept.
  let last: RunHistory.Event
  /// Accuracy and loss of what knows the shares of the classes alone.
  let chance: Double
  let entropy: Double
  /// As `ModelView.change`, from the log where there is no view.
  let change: Double?
  let view: ModelView?

  /// nil where a few steps say nothing, where one class is nearly all, and where classes have weights: these give up
  /// accuracy on purpose, and their loss has another baseline.
  init?(_ history: RunHistory, _ view: ModelView?) {
    epochs = history.events("epoch")
    guard let start = history.events("start").last, let last = history.keptEpoch,
      epochs.count > 1 || last["step"] ?? 0 >= 100, start.text("class_weights") == nil,
      let chance = start["baseline_accuracy"], let entropy = start["baseline_loss"], chance < 0.99
    else { return nil }
    (self.start, self.last, self.chance, self.entropy) = (start, last, chance, entropy)
    (self.view, change) = (view, view?.change ?? history.events("end").last?["weights_change"])
  }

  /// The epochs up to the last whose weights count.
  var counted: [RunHistory.Event] {
    let end = last["epoch"] ?? .infinity
    return epochs.filter { $0["epoch"] ?? 0 <= end }
  }

  var losses: [Double] { counted.compactMap { $0["train_loss"] } }
  var rate: String { start["learning_rate"].map { " (\(significant($0)))" } ?? "" }

  /// The loss of a network that has learned nothing, the same probability for each class; at least `entropy`.
  var unlearned: Double { max(entropy, start["classes"].map { log($0) } ?? entropy) }

  /// The loss of the first epoch, in which a rate that is too high makes it jump, is above that of knowing nothing.
  var hasJumped: Bool { losses.first.map { $0 > 1.1 * unlearned } ?? false }

  /// Whether the training loss has fallen in every epoch.
  var isFalling: Bool { losses.count > 1 && zip(losses, losses.dropFirst()).allSatisfy { $1 < $0 } }

  /// How many classes samples are taken for; nil without a view.
  var answers: Int? { view?.report.map { $0.classes.count { $0.predicted > 0 } } }

  /// Whether an accuracy is not above that of chance: three standard deviations and half a point are allowed.
  func isAtChance(_ accuracy: Double, of samples: Double, chance: Double) -> Bool {
    accuracy <= chance + 3 * (chance * (1 - chance) / max(samples, 1)).squareRoot() + 0.005
  }

  /// Whether the epoch's training samples were taken for what they are no more often than by chance.
  func isAtChance(_ epoch: RunHistory.Event) -> Bool {
    guard let accuracy = epoch["train_accuracy"], let loss = epoch["train_loss"] else { return false }
    return isAtChance(accuracy, of: start["training_samples"] ?? 0, chance: chance) && loss >= 0.98 * entropy
  }

  /// The part that a model is judged by, where epochs have its figures: "test" or "validation".
  var judged: String? { ["test", "validation"].first { last["\($0)_accuracy"] != nil } }

  var chanceText: String {
    "chance (\(percent(chance)), by always answering class \(fixed(start["baseline_class"] ?? 0, 0)))"
  }
}
