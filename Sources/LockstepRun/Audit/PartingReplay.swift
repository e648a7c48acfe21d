import LockstepData
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// Trains two runs side by side from their last common state, and finds the first step and the tensor in which they
/// differ; where they have the same inputs, which of the two is what these give.
struct PartingReplay {
  let paths: [String]
  let receipts: [Receipt]
  let recipes: [Recipe]
  /// In which they part, as both record it.
  let segment: Segment.Pair
  /// The one before, in which they are the same; nil for the first.
  let before: Segment.Pair?
  let listener: RunListener

  /// Reports what is found, and returns where they part, for a message: "step 941". Collective.
  func run(_ data: String?, _ team: ThreadTeam, _ collective: any Collective, inputsDiffer: Bool) throws
    -> String
  {
    guard receipts.allSatisfy({ $0.contract == Build.contract }) else { return segment.first.name }
    let datasets = try paths.prefix(inputsDiffer ? 2 : 1).map { path in
      let former = try FormerRun(dataOf: path, collective: collective)
      return try loadData(data, for: .training, of: former, at: path, collective, team, listener).1
    }
    guard inputsDiffer || recipes[0].reduction != .fast else {
      try say(
        "recipe and data are the same; with --reduction fast, bits depend on ranks and on the micro-batches that "
          + "memory holds at once, so that neither can be recomputed", collective)
      return segment.first.name
    }
    guard inputsDiffer else { return try judge(datasets[0], team, collective) }
    let trainers = try trainers([0, 1], datasets, team, collective)
    let shapes = trainers.map { $0.network.tensors.map { "\($0.name) \($0.shape)" } }
    guard shapes[0] == shapes[1] else {
      try say("the networks have other tensors: there is nothing to compare in a step", collective)
      return segment.first.name
    }
    let start = trainers[0].state.step
    if trainers[0].parameters.digest != trainers[1].parameters.digest {
      try say(difference(trainers, "at step \(start), before the first step"), collective)
      return "step \(start)"
    }
    while trainers.allSatisfy({ $0.canStep }) {
      let rates = try trainers.map { try $0.advance() }
      guard trainers[0].parameters.digest != trainers[1].parameters.digest else { continue }
      let step = trainers[0].state.step
      let of =
        "step \(step) (epoch \(trainers[0].state.epoch + 1), step \(trainers[0].state.stepOfEpoch) of it)"
      try say(
        difference(trainers, "after \(of)") + "; learning rates \(rates[0]) and \(rates[1])", collective)
      return "step \(step)"
    }
    try say(
      "replayed, they do not part in \(segment.first.name): one of them is not what its recipe gives",
      collective)
    return segment.first.name
  }

  /// Recomputes what both record otherwise, from the same inputs.
  private func judge(_ dataset: Dataset, _ team: ThreadTeam, _ collective: any Collective) throws -> String {
    let trainer = try trainers([0], [dataset], team, collective)[0]
    while trainer.canStep { _ = try trainer.advance() }
    let weights = trainer.parameters.digest
    let recorded = [segment.first.weights, segment.second.weights]
    let verdict =
      recorded.firstIndex(of: weights).map {
        "as \(paths[$0]) records: \(paths[1 - $0]) is not what its recipe gives"
      }
      ?? "as neither records"
    try say(
      "recipe and data are the same; recomputed, \(segment.first.name) gives weights "
        + "\(weights.hexadecimal), \(verdict)",
      collective)
    return segment.first.name
  }

  /// At the state before the segment: from a checkpoint if all that are to be compared have one, else from the start.
  /// Collective.
  private func trainers(
    _ places: [Int], _ datasets: [Dataset], _ team: ThreadTeam, _ collective: any Collective
  ) throws -> [Trainer] {
    let files = places.map {
      CheckpointDirectory(path: paths[$0] + "/checkpoints").file(step: before?.steps(of: $0) ?? 0)
    }
    // Rank 0 has the runs' files.
    let own =
      collective.rank == 0 && before != nil
      ? files.compactMap { try? readFile($0, limit: 1 << 36, kind: .data) } : []
    let isKept = try collective.broadcast([own.count == files.count ? 1 : 0], from: 0) == [1]
    return try zip(places, files).enumerated().map { number, pair in
      let (place, file) = pair
      var recipe = recipes[place]
      recipe.maxSteps = segment.steps(of: place)
      let trainer = try collective.together { [recipe] in
        try Trainer(recipe: recipe, dataset: datasets[place], collective: collective, team: team)
      }
      guard isKept else {
        try TrainingRun(listener: listener) { [recipe] _ in recipe }.initialize(trainer, recipe, collective)
        return trainer
      }
      _ = try trainer.restore(
        collective.rank == 0 ? own[number] : [], path: file, recipe, datasets[place], collective)
      return trainer
    }
  }

  /// "after step 3 (...): layers.0.weight differs most, by 3.1e-05: 0.25 and 0.250031 at [3, 12]; 2 of 4 tensors
  /// differ"
  private func difference(_ trainers: [Trainer], _ place: String) -> String {
    var (largest, name, text, count): (Float, String, String, Int) = (-1, "", "", 0)
    let tensors = trainers[0].network.tensors
    for tensor in tensors {
      let values = trainers.map { $0.parameters.values(of: tensor) }
      guard values[0] != values[1] else { continue }
      count += 1
      for (element, pair) in zip(values[0], values[1]).enumerated() {
        let distance = abs(pair.0 - pair.1)
        guard distance > largest || distance.isNaN && !largest.isNaN else { continue }
        (largest, name) = (distance, tensor.name)
        text = "\(pair.0) and \(pair.1) at \(Self.position(element, in: tensor.shape))"
      }
    }
    return "\(place): \(name) differs most, by \(significant(Double(largest))): \(text); "
      + "\(count) of \(tensors.count) tensors differ"
  }

  private static func position(_ element: Int, in shape: [Int]) -> [Int] {
    var rest = element
    return shape.reversed().map { size in
      defer { rest /= size }
      return rest % size
    }.reversed()
  }

  private func say(_ line: String, _ collective: any Collective) throws {
    try collective.together { if collective.rank == 0 { try listener.result(line) } }
  }
}
