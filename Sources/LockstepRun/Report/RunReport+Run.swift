import LockstepStorage
import LockstepSupport

extension ReportedRun {
  /// What a reader wants to know first.
  var keyFigures: [(name: String, value: String)] {
    var figures: [(String, String)] = []
    if let result {
      figures.append(("\(result.part) \(result.name)", result.quality))
      if let error = figure("\(key(of: result.part))_mae") {
        figures.append(("\(result.part) mean absolute error", significant(error, 4)))
      }
      if let loss = result.loss {
        figures.append(
          ("\(result.part) loss", result.name == "R2" ? significant(loss, 4) : fixed(loss, 4)))
      }
    }
    if let part = result?.part {
      let (owner, name) = ("of averaged weights", "ema_\(key(of: part))")
      if let accuracy = figure("\(name)_accuracy") {
        figures.append(("\(part) accuracy \(owner)", percent(accuracy)))
      }
      if let r2 = figure("\(name)_r2") { figures.append(("\(part) R2 \(owner)", fixed(r2, 4))) }
    }
    // Figures of epochs are no figures of steps that came after the last.
    let isWhole = end == nil || end?["step"] == epochs.last?["step"]
    if isWhole, result?.part != "training", let accuracy = history.keptEpoch?["train_accuracy"] {
      figures.append(("training accuracy", percent(accuracy)))
    }
    if let count = start?["parameters"] { figures.append(("parameters", fixed(count, 0))) }
    let seconds = epochs.compactMap { $0["seconds"] }.reduce(0, +)
    if isWhole, seconds > 0 { figures.append(("training time", Self.time(seconds))) }
    if let weights { figures.append(("weights", weights)) }
    return figures
  }

  /// As figures name a part.
  private func key(of part: String) -> String { part == "training" ? "train" : part }

  /// "0.68 s", "12:03"
  static func time(_ seconds: Double) -> String {
    guard seconds >= 100, seconds < 1e9 else { return "\(fixed(seconds, 2)) s" }
    let whole = Int(seconds.rounded())
    let clock = [whole / 3600, whole / 60 % 60, whole % 60].drop { $0 == 0 }
    return clock.enumerated().map { $0 == 0 || $1 > 9 ? "\($1)" : "0\($1)" }.joined(separator: ":")
      + (clock.count == 3 ? " h" : " min")
  }

  /// Loss, accuracy, learning rate and speed.
  var plots: [ReportPlot] {
    let parts = [("training", "train"), ("validation", "validation"), ("test", "test")]
    let isByEpoch = stepsPerEpoch != nil
    let axis = isByEpoch ? "epoch" : "step"
    return [
      ReportPlot(
        title: "Loss", axis: axis, unit: .number,
        lines: parts.map { line($0, "\($1)_loss") } + [steps(ReportPlot.batches, "train_loss")],
        mayBeLogarithmic: true),
      ReportPlot(
        title: "Accuracy", axis: axis, unit: .percent, lines: parts.map { line($0, "\($1)_accuracy") }),
      ReportPlot(
        title: "Mean absolute error", axis: axis, unit: .number, lines: parts.map { line($0, "\($1)_mae") }),
      ReportPlot(title: "R2", axis: axis, unit: .number, lines: parts.map { line($0, "\($1)_r2") }),
      ReportPlot(title: "Learning rate", axis: axis, unit: .rate, lines: [rates]),
      ReportPlot(
        title: "Samples a second", axis: axis, unit: .number, lines: [line("training", "samples_per_second")]),
    ]
  }

  /// By steps where those are logged, else by epochs.
  private var rates: LinePlot.Line {
    let steps = steps("learning rate", "learning_rate")
    return steps.points.count > epochs.count ? steps : line("learning rate", "learning_rate")
  }
}

extension RunReport {
  /// Where the time of the epochs went.
  func addTime(of run: ReportedRun, to html: inout HTML) {
    func sum(_ figure: String) -> Double { run.epochs.compactMap { $0[figure] }.reduce(0, +) }
    let training = sum("seconds")
    guard training > 0 else { return }
    var rows = [("training", training, "all steps of the epochs")]
    if run.epochs.contains(where: { $0["compute_seconds_max"] != nil }) {
      rows += [
        (
          "computing", sum("compute_seconds_max"),
          "the slowest rank; the quickest \(fixed(sum("compute_seconds_min"), 2)) s"
        ),
        ("communicating", sum("communication_seconds"), "in collective calls, waiting not counted"),
        ("waiting", sum("wait_seconds_max"), "the rank that waits most for slower ones"),
      ]
    }
    let isWhole = run.history.events("resume").isEmpty
    if isWhole, let all = run.history.events("end").last?["seconds"], all > training {
      rows.append(("evaluation and the rest", all - training, "between epochs and at the end"))
    }
    let longest = rows.map(\.1).max()!
    html.element("ul", ["class": "bars"]) { html in
      for (name, seconds, note) in rows {
        html.element("li") { html in
          html.element("span", ["class": "bar", "style": "width:\(fixed(100 * seconds / longest, 1))%"])
          html.element("span", [:], "\(name): \(ReportedRun.time(seconds)), \(note)")
        }
      }
    }
    if let last = run.epochs.last, let host = last.text("slowest_host"), let rank = last["slowest_rank"] {
      html.element("p", [:], "Slowest in the last epoch: rank \(fixed(rank, 0)) on \(host).")
    }
  }

  /// Recipe, data, machine, and the command that trains it again.
  func addFacts(of run: ReportedRun, to html: inout HTML) {
    if let command = run.command {
      html.element("pre", ["tabindex": "0"], command)
      let origin =
        run.start?.text("initial_weights").map { " It starts from weights \($0), by --init." } ?? ""
      let hasFailed = run.end == nil && run.epochs.isEmpty && !run.history.events("error").isEmpty
      html.element(
        "p", [:],
        hasFailed
          ? "On any number of ranks and threads it fails in the same way."
          : "On any number of ranks and threads it gives the same bits"
            + (run.reachesWeights ? run.weights.map { ": weights \($0)." } ?? "." : ".") + origin)
    }
    html.table(["class": "facts"], caption: "What it is made of", head: ["", ""], rows: facts(of: run))
    guard let recipe = run.recipe, let yaml = try? recipe.yaml() else { return }
    html.element("details") { html in
      html.element("summary", [:], "The whole recipe (config.yaml)")
      html.element("pre", ["tabindex": "0"], yaml)
    }
  }

  private func facts(of run: ReportedRun) -> [[String]] {
    let start = run.start
    var rows: [[String]] = []
    func add(_ name: String, _ value: String?) { if let value { rows.append([name, value]) } }
    add("seed", run.recipe.map { "\($0.seed)" })
    add("data", start?.text("dataset"))
    let parts = ["training", "validation", "test"].compactMap { part in
      start?["\(part)_samples"].flatMap { $0 > 0 ? "\(fixed($0, 0)) \(part)" : nil }
    }
    add("samples", parts.isEmpty ? nil : parts.joined(separator: ", "))
    add("digest of the data", run.receipt?.datasetDigest.hexadecimal)
    for (name, digest) in run.receipt?.files.sorted(by: { $0.key < $1.key }) ?? [] {
      add("SHA-256 of \(name)", digest)
    }
    add("weights", run.weights)
    add("numerical contract", run.receipt.map { "\($0.contract)" })
    add("Lockstep", start?.text("version"))
    let ranks = start?["ranks"].map { "\(fixed($0, 0)) rank\($0 == 1 ? "" : "s")" }
    let threads = start?["threads"].map { " of \(fixed($0, 0)) thread\($0 == 1 ? "" : "s")" } ?? ""
    add("ranks", ranks.map { $0 + threads })
    add(
      "machine",
      start?.text("host").map { host in
        "\(host): \(start?.text("processor") ?? "unknown"), \(start?.text("instruction_set") ?? "")"
      })
    return rows
  }
}
