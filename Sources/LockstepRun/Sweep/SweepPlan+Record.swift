import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

extension SweepPlan {
  /// All that decides the rows.
  func facts(_ dataset: Dataset, initialWeights: [String: String]) -> [Fact] {
    let varied = Dictionary(uniqueKeysWithValues: grid.axes.map { ($0.key, $0.values) })
    func text(_ number: Int?) -> String { number.map { "\($0)" } ?? "none" }
    var facts = [Fact("numerical contract", "\(Build.contract)")]
    facts.append(Fact("dataset digest", dataset.checksum.hexadecimal))
    facts.append(Fact("classes", "\(dataset.classes)"))
    for key in Recipe.keys {
      let values = varied[key.name]?.joined(separator: " | ")
      facts.append(Fact(key.name, values ?? Recipe.value(of: key.name, in: grid.base)))
    }
    facts.append(Fact("order of keys", grid.axes.map(\.key).joined(separator: ", ")))
    facts.append(Fact("--random", text(choice.random)))
    facts.append(Fact("--seed", choice.random == nil ? "none" : "\(choice.seed)"))
    facts.append(Fact("--seeds", text(choice.seeds)))
    facts.append(Fact("--halving", text(halving)))
    for (path, digest) in initialWeights.sorted(by: { $0.key < $1.key }) {
      facts.append(Fact("weights of \(path)", digest))
    }
    return facts
  }

  /// Throws `LockstepError`: usage if the record is of another sweep, naming the first difference; data for rows that
  /// no sweep of this plan has.
  func check(_ record: SweepRecord, _ facts: [Fact], path: String) throws {
    for fact in facts where record.facts[fact.name] != fact.value {
      throw LockstepError(
        .usage, "\(path): \(fact.name)", expected: "\(record.facts[fact.name] ?? "nothing"), as it began",
        found: fact.value, fix: "Go on with the same grid, options and data, or choose another --output")
    }
    if let row = record.rows.first(where: { $0.trial > trials.count || $0.rung > rungs }) {
      throw LockstepError(
        .data, path, expected: "rows of \(trials.count) trials in \(rungs) rungs",
        found: "trial \(row.trial) in rung \(row.rung)", fix: "Choose another --output")
    }
  }
}
