import LockstepData
import LockstepRanks
import LockstepSupport
import LockstepTraining

/// The threads of this rank: `threads`, or if nil, its share of the node's processors. Collective.
///
/// Throws `LockstepError` (usage or failure) on all ranks alike: see `ThreadTeam` and `InstructionSet`.
public func makeTeam(_ threads: Int?, _ collective: any Collective) throws -> ThreadTeam {
  let share = try ThreadBudget.share(collective)
  return try collective.together {
    try InstructionSet.check()
    return try ThreadTeam(count: threads ?? share)
  }
}

/// Loads a dataset and reports if it is synthesized. Collective.
func loadDataset(
  _ source: DataSource, for purpose: Dataset.Purpose, _ collective: any Collective, _ team: ThreadTeam,
  tell: (String) -> Void
) throws -> Dataset {
  if case .synthetic(let train, let test) = source, collective.rank == 0 {
    let use = purpose == .evaluation ? "\(test) digits to test on" : "\(train) digits to train on"
    tell("No dataset is given: drawing \(use). For the real MNIST: scripts/fetch-data")
  }
  return try source.load(for: purpose, collective: collective, team: team)
}

/// "dataset data/mnist", and on the next line "test accuracy 97.81% (9781/10000), test loss 0.0712", or of numbers
/// "test MAE 0.3179, R2 0.8412 (4128 samples), test loss 0.2217"
package func summary(_ result: Evaluation, of part: String = "test", dataset: String) -> String {
  "dataset \(oneLine(dataset))\n" + qualityLine(result, of: part)
}

/// "test accuracy 97.81% (9781/10000), test loss 0.0712"; `owner` follows the accuracy's name.
func qualityLine(_ result: Evaluation, of part: String, by owner: String = "") -> String {
  "\(part) \(quality(of: result, by: owner)), \(part) loss \(loss(of: result))"
}

private func quality(of result: Evaluation, by owner: String) -> String {
  guard let errors = result.errors else {
    return "accuracy\(owner) \(percent(result.accuracy)) (\(result.hits)/\(result.count))"
  }
  return "\(errors.text(by: owner)) (\(result.count) samples)"
}

/// Losses of numbers may have any unit.
private func loss(of result: Evaluation) -> String {
  result.errors == nil ? fixed(result.loss, 4) : significant(result.loss, 4)
}

extension RegressionErrors {
  /// "MAE 0.3179, R2 0.8412"
  package var text: String { text(by: "") }

  fileprivate func text(by owner: String) -> String {
    "MAE\(owner) \(significant(meanAbsolute, 4)), R2 \(fixed(r2, 4))"
  }
}
