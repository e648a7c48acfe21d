import LockstepData
import LockstepSupport
import LockstepTraining

/// What a run claims, for others to check: `receipt.json`, one line of JSON.
public struct Receipt: Equatable, Sendable {
  /// The file's name in a run directory.
  public static let fileName = "receipt.json"

  /// An epoch's end.
  public struct Epoch: Equatable, Sendable {
    public var epoch: Int
    /// Steps since the start of training.
    public var step: Int
    /// The digest of the weights.
    public var weights: UInt64
    /// Losses and accuracies by their names in `metrics.jsonl`.
    public var figures: [String: Double]

    package init(epoch: Int, step: Int, weights: UInt64, figures: [String: Double]) {
      (self.epoch, self.step, self.weights, self.figures) = (epoch, step, weights, figures)
    }
  }

  /// The release that trained.
  public var version: String
  /// `Build.contract` of it.
  public var contract: Int
  /// The recipe as YAML.
  public var recipe: String
  /// Where the data was.
  public var dataset: String
  /// `Dataset.checksum`.
  public var datasetDigest: UInt64
  /// SHA-256 of the data's parts as raw IDX files, by name.
  public var files: [String: String]
  /// The digest of the weights that training started from, where a file gave them.
  public var initialWeights: UInt64?
  public var epochs: [Epoch]
  /// Steps of the whole training.
  public var step: Int
  /// The digest of the final weights.
  public var weights: UInt64
  /// The digest of the final averaged weights; nil if the recipe has none.
  public var averagedWeights: UInt64?
  /// The final losses and accuracies, by their names in `metrics.jsonl`.
  public var figures: [String: Double]

  package init(
    version: String, contract: Int, recipe: String, dataset: String, datasetDigest: UInt64,
    files: [String: String], initialWeights: UInt64?, epochs: [Epoch], step: Int, weights: UInt64,
    averagedWeights: UInt64? = nil, figures: [String: Double]
  ) {
    (self.version, self.contract, self.recipe) = (version, contract, recipe)
    (self.dataset, self.datasetDigest, self.files) = (dataset, datasetDigest, files)
    (self.initialWeights, self.epochs) = (initialWeights, epochs)
    (self.step, self.weights, self.figures) = (step, weights, figures)
    self.averagedWeights = averagedWeights
  }
}

extension Receipt {
  /// Of a run's log and what it was trained with. nil if the log lacks the end.
  package init?(of history: RunHistory, recipe: Recipe, dataset: Dataset) throws {
    guard let end = history.events("end").last, let step = end.integer("step"),
      let weights = end.digest("weights")
    else { return nil }
    self.init(
      version: Build.version, contract: Build.contract, recipe: try recipe.yaml(), dataset: dataset.name,
      datasetDigest: dataset.checksum,
      files: Dictionary(uniqueKeysWithValues: dataset.fileDigests.map { ($0.name, $0.digest) }),
      initialWeights: history.events("start").first?.digest("initial_weights"),
      epochs: Self.epochs(of: history), step: step, weights: weights,
      averagedWeights: end.digest("ema_weights"), figures: end.figures)
  }

  /// Of a run that has not ended: up to its last epoch. The digest of the data is 0 where it is not known.
  package init(unfinished history: RunHistory, recipe: String, datasetDigest: UInt64) {
    let start = history.events("start").first
    let epochs = Self.epochs(of: history)
    self.init(
      version: Build.version, contract: Build.contract, recipe: recipe, dataset: start?.text("dataset") ?? "",
      datasetDigest: datasetDigest, files: [:], initialWeights: start?.digest("initial_weights"),
      epochs: epochs,
      step: epochs.last?.step ?? 0, weights: epochs.last?.weights ?? 0, figures: epochs.last?.figures ?? [:])
  }

  private static func epochs(of history: RunHistory) -> [Epoch] {
    history.events("epoch").compactMap { event in
      guard let epoch = event.integer("epoch"), let step = event.integer("step"),
        let weights = event.digest("weights")
      else { return nil }
      return Epoch(epoch: epoch, step: step, weights: weights, figures: event.figures)
    }
  }

  /// The file's bytes.
  package var json: [UInt8] {
    var line = JSONLine()
    line.add("receipt", 1)
    line.add("version", version)
    line.add("contract", contract)
    line.add("recipe", recipe)
    line.add("dataset", dataset)
    line.add("dataset_digest", datasetDigest.hexadecimal)
    var digests = JSONLine()
    for (name, digest) in files.sorted(by: { $0.key < $1.key }) { digests.add(name, digest) }
    line.add("sha256", digests)
    if let initialWeights { line.add("initial_weights", initialWeights.hexadecimal) }
    line.add("epochs", epochs.map { $0.line })
    line.add("step", step)
    line.add("weights", weights.hexadecimal)
    if let averagedWeights { line.add("ema_weights", averagedWeights.hexadecimal) }
    Self.add(figures, to: &line)
    return Array((line.text + "\n").utf8)
  }

  fileprivate static func add(_ figures: [String: Double], to line: inout JSONLine) {
    for name in figureNames { if let value = figures[name] { line.add(name, value) } }
  }

  /// Losses, accuracies and errors in `metrics.jsonl`.
  package static let figureNames = [
    "train", "validation", "test", "ema_train", "ema_validation", "ema_test",
  ].flatMap {
    ["\($0)_loss", "\($0)_accuracy", "\($0)_mae", "\($0)_rmse", "\($0)_r2"]
  }
}

extension Receipt.Epoch {
  fileprivate var line: JSONLine {
    var line = JSONLine()
    line.add("epoch", epoch)
    line.add("step", step)
    line.add("weights", weights.hexadecimal)
    Receipt.add(figures, to: &line)
    return line
  }
}

extension RunHistory.Event {
  func integer(_ name: String) -> Int? { self[name].flatMap { Int(exactly: $0) } }

  func digest(_ name: String) -> UInt64? { text(name).flatMap { UInt64(digest: $0) } }

  var figures: [String: Double] {
    Dictionary(uniqueKeysWithValues: Receipt.figureNames.compactMap { name in self[name].map { (name, $0) } })
  }
}
