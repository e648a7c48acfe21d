import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport
import LockstepTraining

extension StepPrediction {
  /// Times a recipe's steps on parts of this job and predicts the others. `data`: the flag `--data`. `tell` is called
  /// on rank 0 with progress. Collective. Throws on all ranks alike for a recipe or data that cannot be trained.
  package static func measure(
    _ recipe: Recipe, name: String, data: String?, nodes: [NodeDiagnosis], network: NetworkSpeed?,
    threads: Int, _ collective: any Collective, tell: (String) -> Void
  ) throws -> StepPrediction {
    let dataset = try load(data, for: recipe, collective, threads: threads)
    let layers = try collective.together {
      try recipe.check()
      return try Network(
        inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.outputs)
    }
    let timer = StepTimer(
      recipe: recipe, dataset: dataset, threads: threads, collective: collective,
      nodes: try collective.allGather(UInt64(collective.nodeRanks[0])).map { Int($0) })
    let others = timer.nodes.indices.dropFirst()
    let pair = others.first { timer.nodes[$0] == 0 }.map { [0, $0] }
    let apart = others.first { timer.nodes[$0] != 0 }.map { [0, $0] }
    let groups =
      [[0]] + [pair, apart].compactMap { $0 } + counts(upTo: collective.size).map { Array(0..<$0) }
    var (times, one) = (groups.map { _ in [Double]() }, [Double]())
    // In turns, so that what disturbs the machine for a while disturbs all alike.
    for round in 1...3 {
      for (number, ranks) in groups.enumerated() {
        if collective.rank == 0 {
          tell("round \(round) of 3: timing steps on \(ranks.count) of \(collective.size) ranks")
        }
        times[number].append(try timer.time(ranks))
      }
      one.append(try timer.time([0], microBatches: 1))
    }
    let timings = zip(groups, times).map { StepTiming(layout: timer.layout(of: $0), rounds: $1) }
    func seconds(_ ranks: [Int]?) -> Double? {
      ranks.flatMap { groups.firstIndex(of: $0) }.map { timings[$0].seconds }
    }
    let first = nodes[0]
    return StepPrediction(
      title:
        "\(name): \(layers.tensors.reduce(0) { $0 + $1.count }) parameters, batch \(recipe.batchSize) in "
        + "\(recipe.microBatches) micro-batches, reduction \(recipe.reduction.rawValue), data \(dataset.name) of "
        + "digest \(dataset.checksum.hexadecimal)",
      model: StepModel(
        microBatches: recipe.microBatches, parameters: layers.paddedParameterCount,
        bytes: recipe.reduction.byteCount, cores: max(first.processors / threads, 1),
        alone: (timings[0].seconds, one.min()!),
        pair: seconds(pair), apart: seconds(apart), network: network),
      reduction: recipe.reduction, timings: timings, ranksOfNode: first.ranks)
  }

  /// Every number of ranks up to eight, then powers of two, and all.
  private static func counts(upTo size: Int) -> [Int] {
    size < 3 ? [] : (3...size).filter { $0 <= 8 || $0 == size || $0.nonzeroBitCount == 1 }
  }

  /// Where no data is given, a few digits are drawn: as many as steps need.
  private static func load(
    _ flag: String?, for recipe: Recipe, _ collective: any Collective, threads: Int
  ) throws -> Dataset {
    var source = try DataSource.resolve(flag: flag, collective: collective)
    if case .synthetic = source { source = .synthetic(train: max(4 * recipe.batchSize, 4096), test: 1000) }
    let team = try collective.together { try ThreadTeam(count: threads) }
    return try source.load(for: .training, collective: collective, team: team)
  }
}
