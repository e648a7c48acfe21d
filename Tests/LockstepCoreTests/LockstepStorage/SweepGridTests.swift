import LockstepCore
import Testing

/// What a grid is, and in which order its points come.
@Suite struct SweepGridTests {
  private func grid(_ yaml: String, over recipe: String? = nil) throws -> SweepGrid {
    try SweepGrid(
      yaml: Array(yaml.utf8), path: "g.yaml", recipe: recipe.map { (yaml: Array($0.utf8), path: "base") })
  }

  private func labels(_ yaml: String, random: Int? = nil, seed: UInt64 = 1, seeds: Int? = nil) throws
    -> [String]
  {
    var choice = SweepGrid.Choice()
    (choice.random, choice.seed, choice.seeds) = (random, seed, seeds)
    return try grid(yaml).trials(choice).trials.map(\.label)
  }

  private func refuse(
    _ yaml: String, random: Int? = nil, seeds: Int? = nil, _ fragments: [String],
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    let error = #expect(throws: LockstepError.self, sourceLocation: sourceLocation) {
      _ = try labels(yaml, random: random, seeds: seeds)
    }
    #expect(error?.kind == .usage, sourceLocation: sourceLocation)
    for fragment in fragments {
      #expect(
        error?.description.contains(fragment) == true, "\(fragment) in \(String(describing: error))",
        sourceLocation: sourceLocation)
    }
  }

  @Test func theLastKeyVariesFastest() throws {
    #expect(
      try labels("lr: [0.1, 1e-2]\nepochs: 2\nbatch-size: [32, 64]") == [
        "lr 0.1, batch-size 32", "lr 0.1, batch-size 64", "lr 0.01, batch-size 32", "lr 0.01, batch-size 64",
      ])
  }

  /// A list of lists where the value is a list.
  @Test func listsOfLists() throws {
    #expect(try labels("hidden: [[64], [64, 32], []]") == ["hidden 64", "hidden 64,32", "hidden "])
    #expect(try labels("hidden:\n- [8]\n- - 4\n  - 2\nlr: 1") == ["hidden 8", "hidden 4,2"])
    #expect(
      try labels("network: [[dense classes], ['dense 4, relu', dense classes]]") == [
        "network dense classes", "network dense 4, relu, dense classes",
      ])
    let plain = try grid("hidden: [64, 32]\nlr: [1, 2]")
    #expect(plain.base.hidden == [64, 32] && plain.axes.map(\.key) == ["lr"])
    refuse("hidden: [64, [64, 32]]", ["g.yaml: hidden", "a list of lists to vary it"])
    refuse("network: ['dense 4, relu, dense', dense]", ["g.yaml: network", "could be either"])
    refuse("normalize: [none, auto]", ["g.yaml: normalize", "write a list of lists"])
    refuse("lr: [[1], [2]]", ["g.yaml: lr", "a list in a list"])
  }

  @Test func wrongValuesAreNamed() {
    refuse("lr: [0.1, fast]", ["g.yaml: lr", "'fast'"])
    refuse("lr: [0.1, 1e-1]", ["g.yaml: lr", "each value once", "'0.1' twice"])
    refuse("hidden: [[4], ['4']]", ["g.yaml: hidden", "'4' twice"])
    refuse("lr: []", ["g.yaml: lr", "an empty list"])
    refuse("learning: [1, 2]", ["g.yaml: learning", "a recipe key"])
    refuse("batchsize: [[1], 2]", ["Did you mean 'batch-size'?"])
    refuse("lr: [0.1, {a: 1}]", ["g.yaml: lr"])
    refuse("momentum: [0, 0.9]\nnesterov: true", ["momentum 0.0", "nesterov"])
    refuse("lr: 0.1", ["a list in place of a value", "nothing varies"])
    refuse("", ["nothing varies"])
    refuse("lr: [1, 2]\nlr: [3]", ["duplicated", "'lr'"])
  }

  @Test func bombs() {
    refuse("lr: &a [1, 2]\ngamma: *a", ["anchors"])
    refuse("hidden: " + String(repeating: "[", count: 2000), ["more than 64"])
    refuse("? [lr]\n: [1, 2]", ["begins a key"])
    let values = (0..<50).map { "\($0 + 1)" }.joined(separator: ", ")
    let keys = ["epochs", "batch-size", "seed", "patience", "warmup-steps", "lr", "gamma", "augment-rotate"]
    let huge = keys.prefix(3).map { "\($0): [\(values)]" }.joined(separator: "\n")
    refuse(huge, ["at most 100000 trials", "125000", "--random"])
    refuse(
      keys.map { "\($0): [\(values)]" }.joined(separator: "\n"), random: 3, ["at most 1099511627776 points"])
    refuse(String(repeating: "lr: 1\n", count: 2000), ["g.yaml"])
  }

  /// Another seed draws others; more draws of a seed have the fewer among them; none twice.
  @Test func drawnPoints() throws {
    let yaml = "lr: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\nbatch-size: [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]"
    let all = try labels(yaml)
    let ten = try labels(yaml, random: 10)
    #expect(ten.count == 10 && Set(ten).count == 10)
    #expect(ten == all.filter(Set(ten).contains), "in the order of the grid")
    #expect(try labels(yaml, random: 10) == ten)
    #expect(try labels(yaml, random: 10, seed: 2) != ten)
    #expect(Set(try labels(yaml, random: 20)).isSuperset(of: ten))
    #expect(try labels(yaml, random: 100) == all)
    refuse(yaml, random: 101, ["--random", "from 1 to the grid's 100"])
    refuse(yaml, random: 0, ["--random"])
    #expect(
      try labels("lr: [1, 2, 3]\nseed: [1, 2, 3]", random: 4) == [
        "lr 1.0, seed 2", "lr 2.0, seed 1", "lr 3.0, seed 1", "lr 3.0, seed 2",
      ])
  }

  @Test func seedsOfEachPoint() throws {
    #expect(
      try labels("lr: [1, 2]\nseed: 7", seeds: 2) == [
        "lr 1.0, seed 7", "lr 1.0, seed 8", "lr 2.0, seed 7", "lr 2.0, seed 8",
      ])
    #expect(try labels("", seeds: 3) == ["seed 1", "seed 2", "seed 3"])
    refuse("seed: [1, 2]", seeds: 2, ["--seeds", "does not vary the seed"])
    refuse("lr: 1", seeds: 1, ["--seeds"])
    refuse("lr: [1, 2]", seeds: 60_000, ["at most 100000 trials"])
  }

  /// One value of a key without an effect is as good as another.
  @Test func equalRecipesAreOneTrial() throws {
    let trials = try grid("model: [linear, mlp]\nhidden: [[4], [8]]").trials(.init())
    #expect(trials.trials.map(\.label) == ["model linear", "model mlp, hidden 4", "model mlp, hidden 8"])
    #expect(trials.equal == 1 && trials.trials.map(\.number) == [1, 2, 3])
  }

  @Test func somethingToJudgeBy() throws {
    let plain = try grid("lr: [1, 2]")
    #expect(plain.hasDefaultSplit && plain.base.validationSplit == 0.1)
    let given = try grid("lr: [1, 2]", over: "validation-split: 0.2\nepochs: 3")
    #expect(!given.hasDefaultSplit && given.base.validationSplit == 0.2 && given.base.epochs == 3)
    refuse("lr: [1, 2]\nvalidation-split: 0", ["validation-split", "the test samples must not choose"])
    refuse("validation-split: [0.1, 0]", ["validation-split"])
    // keep-best needs validation samples, which there are.
    #expect(try labels("keep-best: [true, false]").count == 2)
  }

  /// A model replaces the layers that a recipe lists.
  @Test func modelsOverLayers() throws {
    let grid = try grid("model: [linear, mlp]", over: "network: [dense 4, relu, dense classes]")
    #expect(try grid.trials(.init()).trials.map(\.label) == ["model linear", "model mlp"])
  }
}
