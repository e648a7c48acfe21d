import LockstepCore
import Testing

/// What a flag or a file refuses, a property of `Recipe` must not bring in either: one table of limits serves both.
@Suite struct RecipeLimitsTests {
  struct Case: CustomTestStringConvertible, Sendable {
    let key: String
    let texts: [String]
    let changes: [@Sendable (inout Recipe) -> Void]
    var testDescription: String { key }

    init(_ key: String, _ texts: [String], _ changes: [@Sendable (inout Recipe) -> Void] = []) {
      (self.key, self.texts, self.changes) = (key, texts, changes)
    }
  }

  /// A real number out of the key's range, as text and as value.
  private static func number(
    _ key: String, _ path: WritableKeyPath<Recipe, Double> & Sendable, least: Double, most: Double,
    open: Bool = false
  ) -> Case {
    let bad = [least - 0.1, most * 1.01 + 1, -.infinity, .infinity, .nan, -.nan] + (open ? [least] : [])
    return Case(
      key, bad.map { "\($0)" } + ["", "ten", "1e999"], bad.map { value in { $0[keyPath: path] = value } })
  }

  private static func integer(
    _ key: String, _ path: WritableKeyPath<Recipe, Int> & Sendable, least: Int, most: Int
  ) -> Case {
    let bad = [least - 1, -7, most + 1, .min, .max]
    return Case(
      key, bad.map(String.init) + ["", "1.5", "99999999999999999999"],
      bad.map { value in { $0[keyPath: path] = value } })
  }

  private static func optional(
    _ key: String, _ path: WritableKeyPath<Recipe, Int?> & Sendable, least: Int, most: Int
  ) -> Case {
    let bad = [least - 1, most + 1, .min, .max]
    return Case(key, bad.map(String.init) + ["some"], bad.map { value in { $0[keyPath: path] = value } })
  }

  private static func layers(_ layer: LayerSpecification) -> @Sendable (inout Recipe) -> Void {
    { $0.network = [layer, .dense(outputs: nil)] }
  }

  static let cases = [
    Case("model", ["resnet", ""]), Case("optimizer", ["sgdd"]), Case("schedule", ["linear"]),
    Case("reduction", ["exact64"]), Case("nesterov", ["1"]), Case("keep-best", ["yes"]),
    Case("augment-flip", ["yes"]), Case("normalize-targets", ["", "none,1"]),
    Case("init", ["a\nb"], [{ $0.initialWeights = "a\nb" }]),
    Case("seed", ["-1", "18446744073709551616", "1.0"]),
    Case(
      "hidden", ["0", "-5", "1000001", "512,", "512,-1", "a"].filter { $0 != "512," },
      [
        { $0.hidden = [0] }, { $0.hidden = [5, -1] }, { $0.hidden = [1_000_001] },
        { $0.hidden = [.max, .max] },
      ]),
    Case(
      "network",
      ["dense 0", "dense -1", "conv 0 3x3", "conv 1 0x0", "maxpool 0", "dropout 1", "dropout nan"],
      [
        layers(.dense(outputs: 0)), layers(.dense(outputs: -1)), layers(.dense(outputs: .max)),
        layers(.conv(outputs: 0, size: 3, stride: 1, padding: 0)),
        layers(.conv(outputs: 1, size: 0, stride: 1, padding: 0)),
        layers(.conv(outputs: 1, size: 3, stride: 0, padding: 0)),
        layers(.conv(outputs: 1, size: 3, stride: 1, padding: -1)), layers(.maxPool(size: 0, stride: 1)),
        layers(.maxPool(size: 2, stride: 0)), layers(.dropout(1)), layers(.dropout(.nan)),
        layers(.dropout(-0.1)), layers(.dropout2D(2)),
      ]),
    integer("epochs", \.epochs, least: 1, most: 1_000_000),
    optional("max-steps", \.maxSteps, least: 0, most: 1 << 40),
    integer("batch-size", \.batchSize, least: 1, most: 1_000_000),
    integer("micro-batches", \.microBatches, least: 1, most: 1024),
    number("label-smoothing", \.labelSmoothing, least: 0, most: 0.9),
    Case(
      "class-weights", ["", "1,,2", "-1,2", "0,0", "nan,1", "1,inf", "even"],
      [
        { $0.classWeights = .fixed([]) }, { $0.classWeights = .fixed([1, -1]) },
        { $0.classWeights = .fixed([.nan]) },
      ]),
    Case("loss", ["", "MSE", "l2"], [{ $0.loss = "" }, { $0.loss = "l2" }]),
    number("lr", \.learningRate, least: 0, most: 1e6, open: true),
    number("momentum", \.momentum, least: 0, most: 0.999999),
    number("weight-decay", \.weightDecay, least: 0, most: 1e3),
    Case(
      "betas", ["0.9", "0.9,1", "-0.1,0.9", "nan,0.9", "0.9,inf", "0.9,0.99,0.999"],
      [
        { $0.betas.first = -0.1 }, { $0.betas.second = 1 }, { $0.betas.first = .nan },
        { $0.betas.second = .infinity },
      ]),
    number("alpha", \.alpha, least: 0, most: 0.999999),
    number("epsilon", \.epsilon, least: 1e-30, most: 1),
    number("trust-coefficient", \.trustCoefficient, least: 0, most: 1e3, open: true),
    Case(
      "clip-norm", ["", "0", "-1", "nan", "inf", "1e7"],
      [{ $0.clipNorm = 0 }, { $0.clipNorm = -1 }, { $0.clipNorm = .nan }, { $0.clipNorm = .infinity }]),
    Case(
      "ema", ["", "1", "1.0", "99.9", "-0.1", "nan", "inf", "0,9", "none"],
      [{ $0.ema = 1 }, { $0.ema = -0.1 }, { $0.ema = .nan }, { $0.ema = .infinity }]),
    optional("lr-reference-batch", \.lrReferenceBatch, least: 1, most: 1_000_000),
    Case("milestones", ["-1", "3,-6", "a"], [{ $0.milestones = [-1] }, { $0.milestones = [3, -6] }]),
    number("gamma", \.gamma, least: 0, most: 1e3),
    number("cycle-rise", \.cycleRise, least: 0, most: 1),
    integer("warmup-steps", \.warmupSteps, least: 0, most: 1_000_000_000),
    Case(
      "normalize", ["", "0.1", "0.1,0", "0.1,-0.3", "nan,1", "0,inf", "1,2,3"],
      [
        { $0.normalize = .fixed(mean: 0, deviation: 0) }, { $0.normalize = .fixed(mean: 0, deviation: -1) },
        { $0.normalize = .fixed(mean: .nan, deviation: 1) },
        { $0.normalize = .fixed(mean: 0, deviation: .infinity) },
      ]),
    number("mixup", \.mixup, least: 0, most: 1),
    number("validation-split", \.validationSplit, least: 0, most: 0.9),
    number("augment-shift", \.augmentation.shift, least: 0, most: 1000),
    number("augment-rotate", \.augmentation.rotate, least: 0, most: 180),
    number("augment-scale", \.augmentation.scale, least: 0, most: 0.9),
    integer("augment-crop", \.augmentation.crop, least: 0, most: 1000),
    integer("augment-cutout", \.augmentation.cutout, least: 0, most: 1000),
    optional("patience", \.patience, least: 1, most: 1_000_000),
  ]

  @Test func everyKeyHasACase() {
    #expect(Set(Self.cases.map(\.key)) == Set(Recipe.keys.map(\.name)))
  }

  @Test(arguments: cases) func asText(_ bad: Case) {
    for text in bad.texts {
      var recipe = Recipe()
      let error = #expect(throws: LockstepError.self, "'\(text)'") {
        try recipe.set(bad.key, to: text, subject: "--\(bad.key)")
      }
      #expect(error?.kind == .usage && error?.subject == "--\(bad.key)", "\(text)")
      #expect(recipe == Recipe(), "\(text)")
    }
  }

  /// Both by `check` and by the trainer, which must not begin with it.
  @Test(arguments: cases) func asProperty(_ bad: Case) throws {
    let data = try formulaDataset(samples: 9, shape: [4, 4], classes: 3)
    for (number, change) in bad.changes.enumerated() {
      var recipe = Recipe()
      change(&recipe)
      let error = #expect(throws: LockstepError.self, "change \(number)") { try recipe.check() }
      #expect(
        error?.kind == .usage && error?.subject == bad.key, "change \(number): \(error?.subject ?? "none")")
      #expect(throws: LockstepError.self, "change \(number)") {
        try Trainer(recipe: recipe, dataset: data, collective: SingleProcess(), team: ThreadTeam(count: 1))
      }
    }
  }

  @Test func theRateIsSaidToBeAboveZero() {
    var recipe = Recipe()
    let error = #expect(throws: LockstepError.self) { try recipe.set("lr", to: "-0.1", subject: "--lr") }
    #expect(error?.description.contains("above 0") == true)
  }
}
