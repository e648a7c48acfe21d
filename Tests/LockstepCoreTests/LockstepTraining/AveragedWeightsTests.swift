import LockstepCore
import Testing

/// The moving average of the weights: PyTorch's, and the same whoever moves it.
@Suite struct AveragedWeightsTests {
  struct Case: Decodable, CustomTestStringConvertible {
    let decay: Double
    /// By step and tensor, in the order of the names.
    let steps: [[[Double]]]
    var testDescription: String { "\(decay)" }
  }

  private static let cases: [Case] = try! Golden.load("ema.json")

  /// See Tests/Golden/ema.py.
  @Test(arguments: Self.cases, [1, 3]) func followsAsPyTorchDoes(golden: Case, threads: Int) throws {
    let layers = try LayerSpecification.list("dense 5, batchnorm, dense classes", subject: "network")
    let network = try Network(inputShape: [3], specification: layers, classes: 2)
    let tensors = network.savedTensors.sorted { $0.name < $1.name }
    let weights = Parameters(network)
    let average = AveragedWeights(
      of: weights, decay: golden.decay, team: try ThreadTeam(count: threads)
    ) { AlignedBuffer(count: $0, zero: 0) }
    for (step, expected) in golden.steps.enumerated() {
      for (place, tensor) in tensors.enumerated() {
        weights.set(tensor, to: Golden.numbers(100 * step + place, count: tensor.count))
      }
      try average.follow(step: step + 1)
      for (tensor, expected) in zip(tensors, expected) {
        let found = average.parameters.values(of: tensor).map(Double.init)
        #expect(relativeError(found, expected) <= 1e-6, "step \(step + 1), \(tensor.name)")
      }
    }
    #expect(golden.steps.count == 5 && tensors.count == 8)
  }

  private static func recipe(_ change: (inout Recipe) -> Void = { _ in }) throws -> Recipe {
    var recipe = Recipe()
    try recipe.set("network", to: "dense 20, batchnorm, relu, dense classes", subject: "network")
    (recipe.batchSize, recipe.epochs, recipe.ema) = (37, 2, 0.9)
    change(&recipe)
    return recipe
  }

  private static func trainer(
    _ recipe: Recipe, _ collective: any Collective = SingleProcess(), _ exchange: ExchangeName = .auto
  ) throws -> Trainer {
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    let team = try ThreadTeam(count: 1 + collective.rank % 2)
    return try Trainer(
      recipe: recipe, dataset: data, collective: collective, team: team, exchange: exchange)
  }

  private static func bits(_ parameters: Parameters) -> [UInt32] {
    (0..<parameters.count).map { parameters.pointer[$0].bitPattern }
  }

  /// On each rank, after each step: one that applies gradients as it makes them, ranks that share memory, and others.
  @Test(
    arguments: [
      ([0], ExchangeName.auto), ([0, 0, 0], .shared), ([0, 0, 0], .allreduce), ([0, 0, 1, 1, 1], .shared),
      ([0, 1, 2], .auto),
    ], Reduction.allCases)
  func everyStepMovesIt(job: ([Int], ExchangeName), reduction: Reduction) throws {
    for clipNorm in [nil, 0.1] {
      let recipe = try Self.recipe { ($0.reduction, $0.clipNorm) = (reduction, clipNorm) }
      let results = ThreadedCollective.run(nodes: job.0) { collective in
        let trainer = try Self.trainer(recipe, collective, job.1)
        var expected: [Float] = []
        for step in 1...9 {
          _ = try trainer.advance()
          let weights = (0..<trainer.parameters.count).map { trainer.parameters.pointer[$0] }
          let part = Float(1 - 0.9)
          expected = step == 1 ? weights : zip(expected, weights).map { $0.addingProduct(part, $1 - $0) }
          let average = try #require(trainer.averagedParameters)
          let isSame = Self.bits(average) == expected.map(\.bitPattern)
          #expect(isSame, "step \(step), rank \(collective.rank)")
          #expect(step == 1 || average.digest != trainer.parameters.digest)
          #expect(
            step == 1 || average.state[0] != trainer.parameters.state[0] && average.state[0] != 0, "state")
        }
        return trainer.averagedParameters?.digest
      }
      let digests = try results.map { try $0.get() }
      #expect(Set(digests).count == 1)
      guard reduction != .fast else { continue }
      let alone = try Self.trainer(recipe)
      for _ in 1...9 { _ = try alone.advance() }
      #expect(digests[0] == alone.averagedParameters?.digest)
    }
  }

  /// It changes no bit of the weights, and there is none unless it is asked for.
  @Test func theWeightsDoNotDependOnIt() throws {
    let plain = try Self.trainer(Self.recipe { $0.ema = 0 })
    let averaging = try Self.trainer(Self.recipe())
    let (without, with) = (try plain.train(), try averaging.train())
    #expect(plain.averagedParameters == nil && without.averaged == nil)
    #expect(without.digest == with.digest && without.test == with.test)
    #expect(with.averaged?.digest == averaging.averagedParameters?.digest)
    #expect(with.averaged.map { $0.digest != with.digest && $0.test.count == 20 } == true)
  }

  /// Before the first step it is the initial weights, drawn or given.
  @Test(arguments: [1, 2]) func beginsAsTheWeights(ranks: Int) throws {
    let recipe = try Self.recipe { $0.maxSteps = 0 }
    let results = ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
      let trainer = try Self.trainer(recipe, collective)
      #expect(trainer.averagedParameters?.digest == trainer.parameters.digest)
      let tensor = trainer.network.tensors[0]
      try trainer.initialize([(tensor, Golden.numbers(3, count: tensor.count))])
      return try trainer.train()
    }
    for result in results { #expect(try result.get().averaged?.digest == result.get().digest) }
  }

  /// As for weights, whose own replicas are equal here.
  @Test func anAverageThatDiffersIsNamed() throws {
    let recipe = try Self.recipe()
    let results = ThreadedCollective.run(nodes: [0, 0, 1]) { collective in
      let trainer = try Self.trainer(recipe, collective, .allreduce)
      _ = try trainer.advance()
      let tensor = trainer.network.tensors[4]
      if collective.rank == 1 { trainer.averagedParameters?.pointer[tensor.flatIndex(0)] += 0.5 }
      return try trainer.train()
    }
    for result in results {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(
        error?.message.hasPrefix("rank 1 on n0: ema.layers.3.weight differs after step ") == true,
        "\(error?.message ?? "")")
    }
  }

  /// Keeps the last checkpoint.
  private final class Sink: CheckpointSink {
    var checkpoint: Checkpoint?
    func isDue(_ step: Int) -> Bool { false }
    func begin(_ state: TrainingState, _ make: @escaping () -> Checkpoint) { checkpoint = make() }
    func poll() -> TrainingEvent? { nil }
    func wait() -> TrainingEvent? { nil }
    func lastResult() -> String? { nil }
  }

  @Test func checkpointsThatDoNotFit() throws {
    let (trainer, sink) = (try Self.trainer(Self.recipe()), Sink())
    _ = try trainer.train(checkpoints: sink)
    let good = try #require(sink.checkpoint)
    try trainer.check(good, path: "f")
    let places = good.tensors.indices.filter { good.tensors[$0].name.hasPrefix("ema.") }
    #expect(places.count == 8)
    for place in places {
      var lacking = good
      let name = lacking.tensors.remove(at: place).name
      expectDataError("f", [name, "none"]) { try trainer.check(lacking, path: "f") }
    }
    let variance = try #require(good.tensors.firstIndex { $0.name == "ema.layers.1.running_var" })
    var odd = good
    odd.tensors[variance] = .init(
      name: odd.tensors[variance].name, shape: [20], values: [Float](repeating: -1, count: 20))
    expectDataError("f", ["variances from 0 in ema.layers.1.running_var"]) {
      try trainer.check(odd, path: "f")
    }
    expectDataError("f", ["tensors"]) {
      try Self.trainer(Self.recipe { $0.ema = 0 }).check(good, path: "f")
    }
  }
}
