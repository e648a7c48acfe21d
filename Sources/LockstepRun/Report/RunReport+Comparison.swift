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

  /// Which is the best.
  private var headline: String? {
    if isOtherData { return "Their data differ, so that their figures do not say which is better." }
    let ends = zip(names, runs).compactMap { name, run in
      run.figure("\(part)_accuracy").map { (name: name, accuracy: $0) }
    }
    guard ends.count > 1, let most = ends.map(\.accuracy).max() else { return nil }
    let best = ends.filter { $0.accuracy == most }.map(\.name)
    if best.count == ends.count { return "All have the same \(partName) accuracy, \(percent(most))." }
    return "The highest \(partName) accuracy is \(percent(most)), of \(best.joined(separator: ", "))."
  }

  private var commonPlots: [ReportPlot] {
    let parts = Set([part, "train"]).sorted(by: >)
    let judged = parts.flatMap { part in
      let title = part == "train" ? "Training" : part == "test" ? "Test" : "Validation"
      return [
        plot("\(title) loss", .number, "\(part)_loss"),
        plot("\(title) accuracy", .percent, "\(part)_accuracy"),
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
      return [name] + run.figures(of: part) + values + (isOtherData ? [title ?? "?"] : []) + run.results
    }
    html.table(
      caption: keys.isEmpty ? "Their recipes are the same" : "Keys of the recipes that differ, and results",
      head: ["run", "\(partName) accuracy", "loss"] + keys.map(\.name) + (isOtherData ? ["data"] : [])
        + ["epochs done", "time", "weights"], rows: rows)
  }
}

extension ReportedRun {
  /// A recipe's value; "-" where it has no effect.
  fileprivate func text(of key: RecipeKey) -> String {
    guard let recipe else { return "?" }
    return recipe.effectiveKeys.contains { $0.name == key.name } ? key.read(recipe) : "-"
  }

  /// Accuracy and loss.
  fileprivate func figures(of part: String) -> [String] {
    [figure("\(part)_accuracy").map(percent) ?? "-", figure("\(part)_loss").map { fixed($0, 4) } ?? "-"]
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
