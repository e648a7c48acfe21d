import LockstepStorage
import LockstepSupport
import LockstepTraining

/// What a run's directory tells of it: its log, recipe and receipt, as far as they are there.
struct ReportedRun {
  let name: String
  let path: String
  let history: RunHistory
  let recipe: Recipe?
  let receipt: Receipt?

  /// Throws `LockstepError` (data) for what is no run.
  init(at path: String) throws {
    self.path = path
    name = String(realPath(path).split(separator: "/").last ?? "/")
    history = try RunHistory(directory: path)
    let yaml = try? readFile("\(path)/config.yaml", limit: 1 << 14, kind: .data)
    recipe = yaml.flatMap { yaml in
      var recipe = Recipe()
      return (try? recipe.apply(yaml: yaml, path: path)).map { _ in recipe }
    }
    let file = "\(path)/\(Receipt.fileName)"
    receipt = (try? readFile(file, limit: 1 << 30, kind: .data)).flatMap {
      try? Receipt(json: $0, path: file)
    }
  }

  var start: RunHistory.Event? { history.events("start").last }
  var epochs: [RunHistory.Event] { history.events("epoch") }
  var stepsPerEpoch: Double? {
    guard let first = epochs.first, let epoch = first["epoch"], let step = first["step"], epoch > 0 else {
      return nil
    }
    return step / epoch
  }

  /// "98.30% of test samples", of the end, else of the last epoch; nil before that.
  var result: (part: String, accuracy: Double, loss: Double?)? {
    for event in [history.events("end").last, epochs.last].compactMap({ $0 }) {
      for part in ["test", "validation", "train"] {
        if let accuracy = event["\(part)_accuracy"] {
          return (part == "train" ? "training" : part, accuracy, event["\(part)_loss"])
        }
      }
    }
    return nil
  }

  /// The digest of the newest weights that the log has.
  var weights: String? { (history.events("end").last ?? epochs.last)?.text("weights") }

  /// The points of an epoch's figure; of a run without epochs none.
  func line(_ name: String, _ figure: String) -> LinePlot.Line {
    LinePlot.Line(
      name: name,
      points: epochs.compactMap { event in
        event["epoch"].flatMap { x in event[figure].map { LinePlot.Point(x: x, y: $0) } }
      })
  }

  /// The points of a step's figure, by epochs where their length is known, else by steps.
  func steps(_ name: String, _ figure: String) -> LinePlot.Line {
    let unit = stepsPerEpoch ?? 1
    return LinePlot.Line(
      name: name,
      points: history.events("step").compactMap { event in
        event["step"].flatMap { x in event[figure].map { LinePlot.Point(x: x / unit, y: $0) } }
      })
  }

  /// The flags that differ from the defaults, and the data: what trains it again.
  var command: String? {
    guard let recipe else { return nil }
    let plain = Recipe()
    let flags = recipe.effectiveKeys.filter { $0.read(recipe) != $0.read(plain) }.map { key in
      key.isFlag && key.read(recipe) == "true"
        ? " --\(key.name)" : " --\(key.name) \(quoted(key.read(recipe)))"
    }
    let data = start?.text("dataset").map { $0 == "synthesized digits" ? "" : " --data \(quoted($0))" } ?? ""
    return "lockstep train" + flags.joined() + data
  }

  private func quoted(_ text: String) -> String {
    let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./,:=+@%".contains($0)) }
    return plain && !text.isEmpty ? text : "'\(text.replacing("'", with: "'\\''"))'"
  }
}
