import LockstepCore
import Testing

@Suite struct RecipeTests {
  /// Every key with a value that is not the default.
  static let changes: [(key: String, text: String)] = [
    ("model", "linear"), ("hidden", "30,20"),
    ("network", "conv 8 3x3 pad 1, dropout 0.25, flatten, dense classes"),
    ("epochs", "3"), ("max-steps", "17"), ("batch-size", "100"),
    ("micro-batches", "12"), ("seed", "18446744073709551615"), ("init", "a run/model.safetensors"),
    ("loss", "l1"), ("normalize-targets", "none"), ("label-smoothing", "0.1"),
    ("class-weights", "1.0,0.5,2.0"), ("optimizer", "adamw"), ("lr", "0.1"),
    ("momentum", "0.5"), ("weight-decay", "1e-05"), ("nesterov", "true"), ("betas", "0.8,0.99"),
    ("alpha", "0.9"), ("epsilon", "1e-06"), ("trust-coefficient", "0.01"), ("clip-norm", "1.5"),
    ("ema", "0.999"), ("lr-reference-batch", "50"), ("schedule", "step"), ("milestones", "2,3,5"),
    ("gamma", "0.3"), ("cycle-rise", "0.2"),
    ("warmup-steps", "10"), ("normalize", "0.1307,0.3081"), ("validation-split", "0.1"),
    ("augment-shift", "1.5"), ("augment-rotate", "10.0"), ("augment-scale", "0.1"),
    ("augment-flip", "true"), ("augment-crop", "4"), ("augment-cutout", "8"), ("mixup", "0.2"),
    ("keep-best", "true"), ("patience", "4"), ("reduction", "fast"),
  ]

  private func apply(_ yaml: String, to recipe: Recipe = Recipe()) throws -> Recipe {
    var recipe = recipe
    try recipe.apply(yaml: Array(yaml.utf8), path: "r.yaml")
    return recipe
  }

  @Test func everyKeyIsTested() {
    #expect(Self.changes.map(\.key) == Recipe.keys.map(\.name))
  }

  @Test func everyKeyRoundTrips() throws {
    var recipe = Recipe()
    for (key, text) in Self.changes {
      let before = recipe
      try recipe.set(key, to: text, subject: "--\(key)")
      #expect((recipe != before) == (recipe.reasonWithoutEffect(key) == nil), "\(key)")
      #expect(try apply(recipe.yaml()) == recipe, "\(key)")
      #expect(try apply("\(key): \(text)", to: before) == recipe, "\(key)")
    }
    #expect(try apply(recipe.yaml()).yaml() == recipe.yaml())
  }

  @Test func everyKeyLandsInItsProperty() throws {
    var recipe = Recipe()
    for (key, text) in Self.changes { try recipe.set(key, to: text, subject: "--\(key)") }
    var expected = Recipe()
    (expected.model, expected.hidden, expected.epochs, expected.maxSteps) = (.linear, [30, 20], 3, 17)
    expected.network = [
      .conv(outputs: 8, size: 3, stride: 1, padding: 1), .dropout(0.25), .flatten, .dense(outputs: nil),
    ]
    (expected.batchSize, expected.microBatches, expected.seed) = (100, 12, .max)
    (expected.learningRate, expected.momentum, expected.weightDecay) = (0.1, 0.5, 1e-5)
    (expected.schedule, expected.milestones, expected.gamma) = (.step, [2, 3, 5], 0.3)
    (expected.warmupSteps, expected.normalize) = (10, .fixed(mean: 0.1307, deviation: 0.3081))
    (expected.validationSplit, expected.reduction, expected.optimizer) = (0.1, .fast, .adamw)
    (expected.nesterov, expected.betas) = (true, Recipe.Betas(first: 0.8, second: 0.99))
    (expected.epsilon, expected.trustCoefficient, expected.lrReferenceBatch) = (1e-6, 0.01, 50)
    expected.augmentation = Augmentation(shift: 1.5, rotate: 10, scale: 0.1)
    (expected.augmentation.flip, expected.augmentation.crop, expected.augmentation.cutout) = (true, 4, 8)
    (expected.loss, expected.normalizeTargets) = ("l1", .none)
    (expected.labelSmoothing, expected.classWeights, expected.clipNorm) = (0.1, .fixed([1, 0.5, 2]), 1.5)
    (expected.alpha, expected.cycleRise, expected.ema, expected.mixup) = (0.9, 0.2, 0.999, 0.2)
    (expected.keepBest, expected.patience, expected.initialWeights) = (true, 4, "a run/model.safetensors")
    #expect(recipe == expected)
    // Those that this loss does not use.
    (recipe.loss, expected.loss) = ("cross-entropy", "cross-entropy")
    #expect(recipe == expected)
  }

  @Test func fileOverridesDefaultsAndFlagsOverrideTheFile() throws {
    let file = "# a comment\nlr: 0.5\nhidden: [300, 100]\nseed: 7\n"
    var recipe = try apply(file)
    #expect((recipe.learningRate, recipe.hidden, recipe.seed) == (0.5, [300, 100], 7))
    #expect((recipe.epochs, recipe.batchSize) == (8, 64))
    try recipe.set("lr", to: "0.25", subject: "--lr")
    #expect((recipe.learningRate, recipe.hidden) == (0.25, [300, 100]))
  }

  @Test func emptyFilesChangeNothing() throws {
    for yaml in ["", "\n\n", "# only a comment\n", "{}"] { #expect(try apply(yaml) == Recipe()) }
  }

  /// "none" and an empty list are values too.
  @Test func specialValues() throws {
    var recipe = try apply("max-steps: 5\nmilestones: [3]\nnormalize: none\n")
    #expect((recipe.maxSteps, recipe.normalize) == (5, .none))
    recipe = try apply("max-steps: none\nmilestones: []\nhidden: []\nnormalize: auto", to: recipe)
    #expect((recipe.maxSteps, recipe.milestones, recipe.hidden, recipe.normalize) == (nil, [], [], .auto))
    #expect(try apply(recipe.yaml()) == recipe)
  }

  /// A default that depends on another choice follows it, until it is set.
  @Test func defaultsFollow() throws {
    var recipe = Recipe()
    #expect((recipe.learningRate, recipe.schedule, recipe.milestones) == (0.02, .constant, [4, 6]))
    (recipe.optimizer, recipe.epochs) = (.adam, 20)
    #expect((recipe.learningRate, recipe.milestones) == (0.001, [10, 15]))
    recipe.epochs = 1
    #expect(recipe.milestones == [])
    (recipe.learningRate, recipe.milestones) = (0.5, [3])
    (recipe.optimizer, recipe.epochs) = (.sgd, 9)
    #expect((recipe.learningRate, recipe.milestones) == (0.5, [3]))
    #expect(try apply("optimizer: adam").learningRate == 0.001)
    #expect(try apply("lr: 0.02\noptimizer: adam").learningRate == 0.02)
  }

  @Test func layers() {
    var recipe = Recipe()
    recipe.hidden = [20, 10]
    #expect(
      recipe.layers == [
        .dense(outputs: 20), .relu, .dense(outputs: 10), .relu, .dense(outputs: nil),
      ])
    recipe.model = .linear
    #expect(recipe.layers == [.dense(outputs: nil)])
  }

  /// The convolutional network of Python tutorials, or a list of its own that takes the model's place.
  @Test func networksOfLayers() throws {
    var recipe = Recipe()
    recipe.model = .cnn
    #expect(
      recipe.layers.map(\.description).joined(separator: ", ")
        == "conv 10 5x5, maxpool 2, relu, conv 20 5x5, dropout2d 0.5, maxpool 2, relu, flatten, dense 50, relu, "
        + "dropout 0.5, dense classes")
    recipe.network = [.tanh, .dense(outputs: nil)]
    #expect(recipe.layers == [.tanh, .dense(outputs: nil)])
  }

  /// Blocks of YAML are those of one line, at any place of a list.
  @Test func blocksOfYAML() throws {
    let yaml = """
      network:
        - conv 4 3x3 pad 1
        - residual:
            - batchnorm
            - residual: [relu]
              shortcut: conv 4 1x1, tanh
        - branches:
            - [conv 2 1x1]
            - - relu
              - residual(tanh, conv 4 1x1)
            - relu
        - dense classes
      """
    var recipe = Recipe()
    try recipe.apply(yaml: Array(yaml.utf8), path: "blocks.yaml")
    let text =
      "conv 4 3x3 pad 1, residual(batchnorm, residual(relu) shortcut(conv 4 1x1, tanh)), "
      + "branches(conv 2 1x1 | relu, residual(tanh, conv 4 1x1) | relu), dense classes"
    #expect(recipe.network.map(\.description).joined(separator: ", ") == text)
    var again = Recipe()
    try again.apply(yaml: Array(try recipe.yaml().utf8), path: "again.yaml")
    #expect(again.network == recipe.network)
  }

  @Test(arguments: [
    (
      "- shortcut: [relu]",
      "expected 'residual:', with or without 'shortcut:' beside it, or 'branches:', found 'shortcut:'"
    ),
    ("- residual: [relu]\n    branches: [[relu], [tanh]]", "found 'residual:' and 'branches:'"),
    ("- residual:\n      body: relu", "expected a list of layers"),
    ("- branches: relu | tanh", "expected a list of branches, each a list of layers"),
    ("- - relu", "expected a layer or a block in each place of a list, found a list in a list"),
    // What begins in a list's text ends there.
    ("- residual: ['relu) shortcut(tanh']", "as many '(' as ')'"),
    ("- branches: [['relu | tanh'], [sigmoid]]", "found 'relu | tanh'"),
    ("- residual: 'relu), residual(tanh'", "as many '(' as ')'"),
    ("- branches: [[relu]]", "expected at least two branches, found 1"),
    ("- residual: []", "at least one layer in each list of a block"),
  ])
  func blocksThatAreNone(yaml: String, message: String) {
    var recipe = Recipe()
    let error = #expect(throws: LockstepError.self) {
      try recipe.apply(yaml: Array("network:\n  \(yaml)\n".utf8), path: "odd.yaml")
    }
    #expect(error?.description.contains(message) == true, "\(error?.description ?? "")")
    #expect(error?.description.hasPrefix("odd.yaml: network: ") == true)
  }

  @Test func valuesMustGoTogether() throws {
    func refuse(_ subject: String, _ fix: String, _ change: (inout Recipe) -> Void) {
      var recipe = Recipe()
      change(&recipe)
      let error = #expect(throws: LockstepError.self) { try recipe.check() }
      #expect(error?.kind == .usage && error?.subject == subject)
      #expect(error?.fix?.contains(fix) == true)
    }
    refuse("keep-best", "--validation-split") { $0.keepBest = true }
    refuse("patience", "--validation-split") { $0.patience = 3 }
    refuse("nesterov", "--momentum") { ($0.nesterov, $0.momentum) = (true, 0) }
    var recipe = Recipe()
    (recipe.keepBest, recipe.patience, recipe.validationSplit, recipe.nesterov) = (true, 3, 0.1, true)
    try recipe.check()
    try Recipe().check()
  }
}
