import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepStorage
import LockstepSupport
import LockstepTraining

/// What a sweep tries, and in which rungs.
struct SweepPlan {
  let grid: SweepGrid
  let choice: SweepGrid.Choice
  let trials: [SweepTrial]
  /// How many points were left out because they equal earlier ones.
  let equal: Int
  /// Of how many trials one goes on after a rung; nil without rungs.
  let halving: Int?
  /// The number of rungs; 1 without halving.
  let rungs: Int

  /// Throws `LockstepError` (usage) for a grid, choice or halving that cannot be.
  init(_ grid: SweepGrid, _ choice: SweepGrid.Choice, halving: Int?) throws {
    (self.grid, self.choice, self.halving) = (grid, choice, halving)
    let (trials, equal) = try grid.trials(choice)
    (self.trials, self.equal) = (trials, equal)
    rungs = if let halving { try Self.countRungs(halving, trials, choice) } else { 1 }
  }

  var hasDefaultSplit: Bool { grid.hasDefaultSplit }

  /// As many as divide both the trials and the least epochs: the last has the trials' epochs, each earlier one
  /// `halving` times fewer.
  private static func countRungs(_ halving: Int, _ trials: [SweepTrial], _ choice: SweepGrid.Choice) throws
    -> Int
  {
    guard 2...1000 ~= halving else {
      throw LockstepError(.usage, "--halving", expected: "a number from 2 to 1000", found: "\(halving)")
    }
    guard choice.seeds == nil else {
      throw LockstepError(
        .usage, "--halving, --seeds", expected: "one of them", found: "both",
        fix: "Halve first, then try the best recipe with --seeds")
    }
    let epochs = trials.map(\.recipe.epochs).min() ?? 1
    var (rungs, size) = (1, halving)
    while size <= min(epochs, trials.count) {
      rungs += 1
      size *= halving
    }
    guard rungs > 1 else {
      throw LockstepError(
        .usage, "--halving", expected: "at least \(halving) trials of at least \(halving) epochs",
        found: "\(trials.count) of \(epochs)", fix: "Leave it out")
    }
    return rungs
  }

  /// The recipe by which a trial is trained in a rung, counted from 1: the trial's own, which ends early. Its schedule
  /// is that of all epochs.
  func recipe(of trial: SweepTrial, rung: Int, samples: Int) -> Recipe {
    guard let halving, rung < rungs else { return trial.recipe }
    var recipe = trial.recipe
    let fewer = (rung..<rungs).reduce(1) { product, _ in product * halving }
    let epochs = (recipe.epochs + fewer - 1) / fewer
    let steps = epochs * recipe.sampler(datasetCount: samples).stepsPerEpoch
    recipe.maxSteps = min(recipe.maxSteps ?? steps, steps)
    return recipe
  }

  /// The numbers of the trials that are trained in a rung, given the rows of the earlier ones, in the order of the
  /// grid.
  func trials(inRung rung: Int, after rows: [SweepRow]) -> [Int] {
    guard rung > 1, let halving else { return trials.map(\.number) }
    let former = rows.filter { $0.rung == rung - 1 }
    let best = former.filter { $0.validation != nil }.sorted { SweepRanking.isBetter($0, $1) }
    return best.prefix((former.count + halving - 1) / halving).map(\.trial).sorted()
  }

  /// An estimate of each trial's work, in the order of the grid. Throws `LockstepError` (usage or data) for a trial
  /// whose network does not fit the data, before the first is trained.
  func check(_ dataset: Dataset) throws -> [Double] {
    var sizes: [String: Int] = [:]
    return try trials.map { trial in
      let recipe = trial.recipe
      let sampler = recipe.sampler(datasetCount: dataset.train.count)
      func failure(_ key: String, _ expected: String, _ found: String) -> LockstepError {
        LockstepError(
          .usage, "trial \(trial.number) (\(trial.label)): \(key)", expected: expected, found: found)
      }
      guard sampler.trainingCount < sampler.datasetCount else {
        throw failure(
          "validation-split", "at least one of \(sampler.datasetCount) samples to judge by",
          "\(recipe.validationSplit)")
      }
      let layers = recipe.layers.map(\.description).joined(separator: ", ")
      let key = "\(recipe.augmentation.isNone) \(layers)"
      if let size = sizes[key] { return Double(size) * Double(recipe.epochs) }
      let network: Network
      do {
        network = try Network(
          inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.outputs)
      } catch var error as LockstepError {
        error.subject = "trial \(trial.number) (\(trial.label)): \(error.subject)"
        throw error
      }
      guard recipe.augmentation.isNone || network.input.image != nil else {
        throw failure(
          "augment-shift, -rotate, -scale, -flip, -crop, -cutout", "images",
          "samples of shape \(network.inputShape)")
      }
      let size = network.tensors.reduce(0) { $0 + $1.count }
      sizes[key] = size
      return Double(size) * Double(recipe.epochs)
    }
  }
}
