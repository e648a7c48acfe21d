import LockstepCore

/// The threads of this rank: as many as asked for, or its share of the processors.
func makeTeam(_ threads: Int?, _ collective: any Collective) throws -> ThreadTeam {
  let share = try ThreadBudget.share(collective)
  return try collective.together {
    try InstructionSet.check()
    return try ThreadTeam(count: threads ?? share)
  }
}

/// Loads a dataset, and says so where it is synthesized. Collective.
func loadDataset(
  _ source: DataSource, for purpose: Dataset.Purpose, _ collective: any Collective, _ team: ThreadTeam
) throws -> Dataset {
  if case .synthetic(let train, let test) = source, collective.rank == 0 {
    let use = purpose == .training ? "\(train) digits to train on" : "\(test) digits to test on"
    tell("No dataset is given: drawing \(use). For the real MNIST: scripts/fetch-mnist")
  }
  return try source.load(for: purpose, collective: collective, team: team)
}

/// "dataset data/mnist", and on the next line "test accuracy 97.81% (9781/10000), test loss 0.0712"
func summary(_ result: Evaluation, of part: String = "test", dataset: String) -> String {
  """
  dataset \(oneLine(dataset))
  \(part) accuracy \(percent(result.accuracy)) (\(result.hits)/\(result.count)), \
  \(part) loss \(fixed(result.loss, 4))
  """
}

extension Collective {
  /// Throws on all ranks where a text differs on any: ranks that were started with other arguments, recipes or binaries
  /// would not meet in their collective calls, or add up gradients of different trainings. Collective.
  func requireSame(_ text: String, _ what: String) throws {
    let expected = String(decoding: try broadcast(Array(text.utf8), from: 0), as: UTF8.self)
    try together {
      guard text != expected else { return }
      let lines = [text, expected].map { $0.split(separator: "\n") }
      let (mine, first) = zip(lines[0], lines[1]).first { $0 != $1 } ?? ("another length", "")
      throw LockstepError(
        .usage, what, expected: "'\(first)' as on rank 0", found: "'\(mine)'",
        fix: "Start every rank with the same arguments, recipe file and binary")
    }
  }
}
