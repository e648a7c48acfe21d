import LockstepCore
import Testing

/// Which recipes may go on from a checkpoint: those that lead to the same weights.
@Suite struct CompatibilityTests {
  static let mayDiffer: [[String: String]] = [
    [:], ["milestones": "4"], ["gamma": "0.5"], ["epochs": "99"], ["epochs": "1"], ["max-steps": "5"],
    ["betas": "0.5,0.5"], ["alpha": "0.5"], ["epsilon": "0.1"], ["trust-coefficient": "1"],
    ["cycle-rise": "0.5"],
    ["network": "dense 512, relu, dense classes"], ["normalize-targets": "none"],
  ]
  static let mustNotDiffer: [[String: String]] = [
    ["model": "linear"], ["hidden": "512,512"], ["network": "dense classes"], ["batch-size": "65"],
    ["micro-batches": "5"], ["seed": "2"], ["optimizer": "adam"], ["lr": "0.03"], ["momentum": "0.8"],
    ["weight-decay": "0.1"], ["nesterov": "true"], ["lr-reference-batch": "32"], ["schedule": "cosine"],
    ["warmup-steps": "1"], ["normalize": "none"],
    ["validation-split": "0.1"], ["augment-shift": "1"], ["augment-rotate": "1"], ["augment-scale": "0.1"],
    ["augment-flip": "true"], ["augment-crop": "1"], ["augment-cutout": "1"], ["label-smoothing": "0.1"],
    ["class-weights": "balanced"], ["clip-norm": "1"], ["optimizer": "lars"], ["mixup": "0.2"],
    ["loss": "mse"], ["ema": "0.9"],
    ["keep-best": "true"], ["patience": "3"], ["init": "runs/first"], ["reduction": "fast"],
    ["reduction": "exact32"],
    ["reduction": "exact16"],
  ]

  private func recipe(_ options: [String: String]) throws -> Recipe {
    var recipe = Recipe()
    for (key, value) in options { try recipe.set(key, to: value, subject: key) }
    return recipe
  }

  private func check(_ new: [String: String], old: [String: String] = [:], otherData: Bool = false) throws {
    let dataset = try formulaDataset(samples: 20, features: 3, classes: 2)
    let checkpoint = Checkpoint(
      state: TrainingState(), recipe: try recipe(old), datasetDigest: dataset.checksum ^ (otherData ? 1 : 0),
      tensors: [])
    try checkpoint.check(recipe(new), dataset, path: "f")
  }

  @Test func everyKeyIsInATable() {
    let keys = Set((Self.mayDiffer + Self.mustNotDiffer).flatMap(\.keys))
    #expect(keys == Set(Recipe.keys.map(\.name)))
  }

  @Test(arguments: mayDiffer) func goesOn(options: [String: String]) throws {
    #expect(throws: Never.self) { try check(options) }
  }

  @Test(arguments: mustNotDiffer) func isRefused(options: [String: String]) throws {
    expectDataError("f", options.map { "\($0.key) \($0.value)" } + ["--output"]) { try check(options) }
  }

  @Test func everyDifferenceIsNamed() {
    expectDataError("f", ["lr 0.02, gamma 0.1", "lr 0.5, gamma 0.25"]) {
      try check(["schedule": "step", "lr": "0.5", "gamma": "0.25"], old: ["schedule": "step"])
    }
  }

  /// Adam has no momentum, and SGD no betas; a constant schedule has no milestones.
  @Test func whatTheRecipeDoesNotUseMayDiffer() {
    #expect(throws: Never.self) {
      try check(["optimizer": "adam", "momentum": "0.1"], old: ["optimizer": "adam"])
    }
    #expect(throws: Never.self) {
      try check(["schedule": "constant", "gamma": "0.3"], old: ["schedule": "constant"])
    }
    expectDataError("f", ["betas"]) {
      try check(["optimizer": "adam", "betas": "0.8,0.9"], old: ["optimizer": "adam"])
    }
  }

  /// Half a cosine over all epochs: with more of them every rate is another.
  @Test func theCosineScheduleDependsOnTheEpochs() {
    expectDataError("f", ["epochs 8", "cosine schedule", "epochs 9"]) {
      try check(["schedule": "cosine", "epochs": "9"], old: ["schedule": "cosine"])
    }
    #expect(throws: Never.self) { try check(["schedule": "cosine"], old: ["schedule": "cosine"]) }
  }

  @Test func otherDataIsRefused() {
    expectDataError("f", ["the dataset of digest", "formula of digest", "--data"]) {
      try check([:], otherData: true)
    }
  }
}
