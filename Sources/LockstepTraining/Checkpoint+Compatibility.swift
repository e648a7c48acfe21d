import LockstepData
import LockstepSupport

extension Checkpoint {
  /// Checks that training can resume from here with this recipe and dataset, to the result of an uninterrupted
  /// training. `path` is for messages. Throws `LockstepError` (data) naming every difference.
  public func check(_ recipe: Recipe, _ dataset: Dataset, path: String) throws {
    guard dataset.checksum == datasetDigest else {
      throw LockstepError(
        .data, path, expected: "the dataset of digest \(datasetDigest.hexadecimal), which it was trained on",
        found: "\(dataset.name) of digest \(dataset.checksum.hexadecimal)",
        fix: "Give that one by --data, or start anew with another --output")
    }
    guard contract == Build.contract else {
      throw LockstepError(
        .data, path, expected: "numerical contract \(Build.contract), by which this lockstep computes",
        found: "contract \(contract)",
        fix: "Go on with a lockstep of that contract, or start anew with another --output")
    }
    let differences = recipe.differences(from: self.recipe)
    guard !differences.isEmpty else { return }
    throw LockstepError(
      .data, path, expected: differences.map { "\($0.key) \($0.old)" }.joined(separator: ", "),
      found: differences.map { "\($0.key) \($0.new)" }.joined(separator: ", "),
      fix: "Leave the flags out to go on as before, or start anew with another --output")
  }
}

extension Recipe {
  package struct Difference: Equatable {
    package var key: String
    package var old: String
    package var new: String
  }

  /// The keys whose values lead to other weights than the old recipe's over the steps that both have. The number of
  /// epochs or steps does not, unless the schedule depends on it.
  package func differences(from old: Recipe) -> [Difference] {
    var differences: [Difference] = []
    for key in Self.keys where key.read(self) != key.read(old) {
      guard matters(key.name) || old.matters(key.name) else { continue }
      if ["model", "hidden", "network"].contains(key.name), layers == old.layers { continue }
      let note = key.name == "epochs" ? " (on which the cosine schedule depends)" : ""
      differences.append(Difference(key: key.name, old: key.read(old) + note, new: key.read(self)))
    }
    return differences
  }

  /// Whether a key decides a bit of this recipe's weights.
  private func matters(_ key: String) -> Bool {
    switch key {
    case "epochs": schedule == .cosine || schedule == .onecycle
    case "max-steps": false
    default: reasonWithoutEffect(key) == nil
    }
  }
}
