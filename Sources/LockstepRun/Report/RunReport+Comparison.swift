import LockstepStorage
import LockstepSupport
import LockstepTraining

extension RunReport {
  /// Several runs in the same plots, and what differs.
  func addComparison(to html: inout HTML) {
    html.element("header") { html in
      html.element("h1", [:], ranking == nil ? "\(runs.count) runs" : "The best \(runs.count) of a sweep")
      if let headline { html.element("p", ["class": "story"], headline) }
    }
    html.element("main") { html in
      if let ranking {
        section("Ranking", &html) { html in html.element("pre", ["tabindex": "0"], ranking) }
      }
      section("What differs", &html) { html in addDifferences(to: &html) }
      section("Curves", &html) { html in for plot in commonPlots { plot.add(to: &html) } }
      section("What happened", &html) { html in
        for (name, run) in zip(names, runs) {
          html.element("h3", [:], name)
          addStory(of: run, to: &html)
        }
      }
      section("How to get them again", &html) { html in
        for run in runs { if let command = run.command { html.element("pre", ["tabindex": "0"], command) } }
      }
    }
  }

  /// The part by which all runs can be judged that have ended an epoch.
  private var part: String {
    let begun = runs.filter { !$0.epochs.isEmpty }
    return ["validation", "test"].first { part in
      begun.allSatisfy { run in run.epochs.contains { $0["\(part)_loss"] != nil } }
    } ?? "train"
  }

  /// By their digests where all have one.
  private var isOtherData: Bool {
    let digests = runs.compactMap { $0.receipt?.datasetDigest }
    return digests.count == runs.count
      ? Set(digests).count > 1 : Set(runs.map { $0.start?.text("dataset") }).count > 1
  }

  private var partName: String { part == "train" ? "training" : part }

  /// By which figure they are compared: R2 where none has an accuracy.
  private var judge: (key: String, name: String, text: (Double) -> String) {
    runs.contains { $0.figure("\(part)_accuracy") != nil }
      || !runs.contains { $0.figure("\(part)_r2") != nil }
      ? ("accuracy", "accuracy", { percent($0) }) : ("r2", "R2", { fixed($0, 4) })
  }

  /// Which is the best.
  private var headline: String? {
    if isOtherData { return "Their data differ, so that their figures do not say which is better." }
    let ends = zip(names, runs).compactMap { name, run in
      run.figure("\(part)_\(judge.key)").map { (name: name, figure: $0) }
    }
    guard ends.count > 1, let most = ends.map(\.figure).max() else { return nil }
    let (best, text) = (ends.filter { $0.figure == most }.map(\.name), judge.text(most))
    if best.count == ends.count { return "All have the same \(partName) \(judge.name), \(text)." }
    return "The highest \(partName) \(judge.name) is \(text), of \(best.joined(separator: ", "))."
  }

  private var commonPlots: [ReportPlot] {
    let parts = Set([part, "train"]).sorted(by: >)
    let judged = parts.flatMap { part in
      let title = part == "train" ? "Training" : part == "test" ? "Test" : "Validation"
      return [
        plot("\(title) loss", .number, "\(part)_loss"),
        plot("\(title) accuracy", .percent, "\(part)_accuracy"),
        plot("\(title) mean absolute error", .number, "\(part)_mae"),
      ]
    }
    return judged + [
      plot("Learning rate", .rate, "learning_rate"), plot("Samples a second", .number, "samples_per_second"),
    ]
  }

  private func plot(_ title: String, _ unit: ReportPlot.Unit, _ figure: String) -> ReportPlot {
    ReportPlot(
      title: title, axis: "epoch", unit: unit, lines: zip(names, runs).map { $1.line($0, figure) },
      mayBeLogarithmic: unit != .percent)
  }

  /// A row for each run: the recipe's keys that are not the same everywhere, data, and what came of it.
  private func addDifferences(to html: inout HTML) {
    let keys = Recipe.keys.filter { key in
      Set(runs.map { $0.text(of: key) }).count > 1
    }
    let areNamedAlike = Set(runs.map { $0.start?.text("dataset") }).count == 1
    let rows = zip(names, runs).map { name, run -> [String] in
      let values = keys.map { key in run.text(of: key) }
      let title = areNamedAlike ? run.receipt?.datasetDigest.hexadecimal : run.start?.text("dataset")
      return [name] + run.figures(of: part, judge.key, judge.text) + values
        + (isOtherData ? [title ?? "?"] : []) + run.results
    }
    html.table(
      caption: keys.isEmpty ? "Their recipes are the same" : "Keys of the recipes that differ, and results",
      head: ["run", "\(partName) \(judge.name)", "loss"] + keys.map(\.name) + (isOtherData ? ["data"] : [])
        + ["epochs done", "time", "weights"], rows: rows)
  }
}

extension ReportedRun {
  /// A recipe's value; "-" where it has no effect.
  fileprivate func text(of key: RecipeKey) -> String {
    guard let recipe else { return "?" }
    return recipe.effectiveKeys.contains { $0.name == key.name } ? key.read(recipe) : "-"
  }

  /// Accuracy or R2, and loss.
  fileprivate func figures(of part: String, _ key: String, _ text: (Double) -> String) -> [String] {
    [figure("\(part)_\(key)").map(text) ?? "-", figure("\(part)_loss").map { fixed($0, 4) } ?? "-"]
  }

  /// Epochs, time and weights.
  fileprivate var results: [String] {
    let seconds = epochs.compactMap { $0["seconds"] }.reduce(0, +)
    let kept = history.keptEpoch?["epoch"].flatMap {
      $0 == epochs.last?["epoch"] ? nil : ", \(fixed($0, 0)) kept"
    }
    return ["\(epochs.count)\(kept ?? "")", Self.time(seconds), weights ?? "-"]
  }
}
