import LockstepStorage
import LockstepSupport
import LockstepTraining
import PlatformC

/// What happened in a run, in sentences.
enum RunStory {
  /// How far it came, whether it converged, where overfitting starts, and which classes are confused. Where there are
  /// findings, they say what it came to.
  static func sentences(of history: RunHistory, _ view: ModelView?, _ findings: [Finding]) -> [String] {
    let epochs = history.events("epoch")
    let isStopped = !history.events("stopped_early").isEmpty
    return [
      progress(history, epochs), kept(history),
      findings.isEmpty
        ? convergence(epochs, isStopped, classes: history.events("start").last?["classes"]) : nil,
      view.flatMap(confusion),
    ].compactMap { $0 }
  }

  private static func progress(_ history: RunHistory, _ epochs: [RunHistory.Event]) -> String {
    let asked = history.events.last { $0["epochs"] != nil }?["epochs"]
    let steps = history.events.compactMap { $0["step"] }.last ?? 0
    let all = asked.map { " of \(fixed($0, 0))" } ?? ""
    let isOne = asked.map { $0 == 1 } ?? (epochs.count == 1)
    let done =
      "\(epochs.count)\(all) epoch\(isOne ? "" : "s"), \(fixed(steps, 0)) step\(steps == 1 ? "" : "s")"
    let end = history.events("end").last
    if end == nil, let reason = history.events("error").last?.text("reason") {
      return "The training failed after \(done): \(oneLine(reason))."
    }
    if let stopped = history.events("stopped_early").last?["best_epoch"] {
      return "Stopped early after \(done): no smaller validation loss since epoch \(fixed(stopped, 0))."
    }
    if end != nil, let asked, Double(epochs.count) < asked {
      return "Trained \(done), as many as --max-steps asks for."
    }
    return (end == nil ? "Not finished: " : "Trained ") + done + "."
  }

  private static func kept(_ history: RunHistory) -> String? {
    guard let kept = history.keptEpoch?["epoch"], kept != history.events("epoch").last?["epoch"] else {
      return nil
    }
    return "The weights are those of epoch \(fixed(kept, 0)), of the smallest validation loss."
  }

  private static func convergence(
    _ epochs: [RunHistory.Event], _ isStopped: Bool, classes: Double?
  ) -> String? {
    guard epochs.count > 1, let last = epochs.last else {
      return epochs.isEmpty ? nil : "One epoch is too few to tell whether it has converged."
    }
    let part = ["validation", "test"].first { last["\($0)_loss"] != nil }
    let training = epochs.compactMap { $0["train_loss"] }
    guard training.count == epochs.count, let end = training.last else { return nil }
    let fall = (training[training.count - 2] - end) / max(training[training.count - 2], .leastNormalMagnitude)
    let judged = part.map { part in epochs.compactMap { $0["\(part)_loss"] } } ?? []
    if let part, judged.count == epochs.count, let least = judged.min(),
      let best = judged.firstIndex(of: least),
      best + 2 < judged.count, judged[judged.count - 1] > 1.02 * least, end < training[best]
    {
      return "Overfitting starts after epoch \(best + 1): since then the \(part) loss has risen from "
        + "\(fixed(least, 4)) to \(fixed(judged[judged.count - 1], 4)), while the training loss fell from "
        + "\(fixed(training[best], 4)) to \(fixed(end, 4))."
    }
    // That says it.
    if isStopped { return nil }
    let figures = part.map { part in epochs.suffix(3).compactMap { $0["\(part)_accuracy"] } } ?? []
    if let low = figures.min(), let high = figures.max(), figures.count == 3, high - low < 0.002 {
      return "Converged: \(part!) accuracy has moved by at most \(fixed(max(100 * (high - low), 0.01), 2)) "
        + "points in three epochs."
    }
    // A loss that has hardly left that of knowing nothing has not converged, however slowly it moves.
    if let classes, abs(fall) < 0.02, end > 0.9 * log(classes) { return nil }
    if abs(fall) < 0.02 {
      return "Converged: the training loss moved by \(percent(abs(fall))) in the last epoch."
    }
    return fall > 0
      ? "Not converged: the training loss still fell by \(fixed(100 * fall, 0))% in the last epoch, so more epochs "
        + "may help."
      : "Not converged: the training loss rose by \(fixed(-100 * fall, 0))% in the last epoch."
  }

  private static func confusion(_ view: ModelView) -> String? {
    guard let report = view.report else {
      return view.evaluation?.errors.map {
        "Of \(view.evaluation?.count ?? 0) \(view.part) samples, the mean error is "
          + "\(significant($0.meanAbsolute, 4)), and R2 \(fixed($0.r2, 4)): "
          + ($0.r2 < 0
            ? "worse than the targets' mean." : "the part of the targets' variance that is predicted.")
      }
    }
    let wrong = report.mistakes
    guard let worst = wrong.first else { return "No \(view.part) sample is taken for another class." }
    let texts = wrong.prefix(3).map {
      "\(report.title($0.actual)) for \(report.title($0.predicted)) (\($0.count))"
    }
    let samples = report.classes[worst.actual].samples
    return "Of \(report.evaluation.count) \(view.part) samples, those most often mistaken are "
      + "\(texts.joined(separator: ", ")); of class \(report.title(worst.actual)) there are \(samples)."
  }
}
