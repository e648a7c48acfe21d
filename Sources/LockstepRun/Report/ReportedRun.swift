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
    recipe = try? Self.recipe(of: path)
    receipt = try? Self.receipt(of: path)
  }

  /// That of a run's config.yaml.
  static func recipe(of path: String) throws -> Recipe {
    let file = "\(path)/config.yaml"
    var recipe = Recipe()
    try recipe.apply(yaml: readFile(file, limit: 1 << 14, kind: .data), path: file)
    return recipe
  }

  static func receipt(of path: String) throws -> Receipt {
    let file = "\(path)/\(Receipt.fileName)"
    return try Receipt(json: readFile(file, limit: 1 << 30, kind: .data), path: file)
  }

  var start: RunHistory.Event? { history.events("start").last }
  var epochs: [RunHistory.Event] { history.events("epoch") }
  var stepsPerEpoch: Double? {
    guard let first = epochs.first, let epoch = first["epoch"], let step = first["step"], epoch > 0 else {
      return nil
    }
    return step / epoch
  }

  /// The last line of a training that has ended.
  var end: RunHistory.Event? { history.events("end").last }

  /// A figure of the weights that the run has in the end, or so far.
  func figure(_ name: String) -> Double? { end?[name] ?? history.keptEpoch?[name] }

  /// Part, accuracy or R2, and loss by which the run is judged; nil before there are any.
  var result: (part: String, name: String, quality: String, loss: Double?)? {
    for event in [end, history.keptEpoch].compactMap({ $0 }) {
      for part in ["test", "validation", "train"] {
        let (name, loss) = (part == "train" ? "training" : part, event["\(part)_loss"])
        if let accuracy = event["\(part)_accuracy"] { return (name, "accuracy", percent(accuracy), loss) }
        if let r2 = event["\(part)_r2"] { return (name, "R2", fixed(r2, 4), loss) }
      }
    }
    return nil
  }

  /// The digest of the newest weights that the log has.
  var weights: String? { (end ?? epochs.last)?.text("weights") }

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

  /// The flags that differ from the defaults, and the data: what trains the same weights again; those of the last epoch
  /// where the training has not ended.
  var command: String? {
    guard var recipe else { return nil }
    if end == nil, reachesWeights, let step = epochs.last?["step"] { recipe.maxSteps = Int(step) }
    let plain = Recipe()
    let flags = recipe.effectiveKeys.filter { $0.read(recipe) != $0.read(plain) }.map { key in
      key.isFlag && key.read(recipe) == "true"
        ? " --\(key.name)" : " --\(key.name) \(quoted(key.read(recipe)))"
    }
    let data = start?.text("dataset").map { $0 == "synthesized digits" ? "" : " --data \(quoted($0))" } ?? ""
    return "lockstep train" + flags.joined() + data
  }

  /// Whether the command ends with `weights`: a training that has not ended yet may keep another epoch's.
  var reachesWeights: Bool { end != nil || recipe?.keepBest == false }

  private func quoted(_ text: String) -> String {
    let plain = text.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_./,:=+@%".contains($0)) }
    return plain && !text.isEmpty ? text : "'\(text.replacing("'", with: "'\\''"))'"
  }
}
