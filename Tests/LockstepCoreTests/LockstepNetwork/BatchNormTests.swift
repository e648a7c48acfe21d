import LockstepCore
import Testing

/// What is special about layers that keep running statistics; their passes are checked with all others'.
@Suite struct BatchNormTests {
  static let networks: [([Int], String)] = [
    ([9], "batchnorm, dense 21, batchnorm, relu, dense 3"),
    ([9], "dense 21, relu, batchnorm, dense 30, batchnorm eps 0.01, dense 3"),
    (
      [2, 5, 6],
      "conv 19 2x2, batchnorm, relu, conv 3 2x2 pad 1, tanh, batchnorm, relu, flatten, batchnorm, dense 3"
    ),
    ([2, 5, 6], "conv 19 2x2, flatten, batchnorm, relu, dense 3"),
    ([2, 5, 6], "conv 19 2x2, batchnorm, batchnorm, maxpool 2, batchnorm, dense 3"),
  ]

  /// Evaluation takes the running statistics, folded into the layers before where that is possible.
  @Test(arguments: networks) func evaluationIsTheReference(network: ([Int], String)) throws {
    let problem = Problem(network.0, network.1, samples: 7)
    let reference = ReferenceNetwork(problem)
    let before = problem.parameters.digest
    let fused = try logits(of: problem, .fused, threads: 2)
    #expect(fused == (try logits(of: problem, .plain)))
    let features = problem.network.inputFeatures
    for (row, found) in fused.enumerated() {
      let x = problem.inputs[row * features..<(row + 1) * features].map(Double.init)
      #expect(relativeError(found.map(Double.init), reference.logits(x)) < 1e-6)
    }
    #expect(problem.parameters.digest == before)
  }

  private func logits(of problem: Problem, _ style: FusionPlan.Style, threads: Int = 1) throws -> [[Float]] {
    let plan = FusionPlan(problem.network, style: style, for: .evaluation)
    let workspace = Workspace(plan, capacity: problem.count, learns: false)
    let (x, features) = (workspace.input, problem.network.inputFeatures)
    for i in 0..<problem.count * features {
      x.pointer[i / features * x.stride + i % features] = problem.inputs[i]
    }
    let team = try ThreadTeam(count: threads)
    plan.forward(
      plan.prepared(problem.parameters), workspace,
      pass: Pass(rows: problem.count, scratch: workspace.scratch.pointer, team: team))
    return (0..<problem.count).map { row in
      (0..<problem.network.classes).map { workspace.logits.row(row)[$0] }
    }
  }

  /// Convolutions and dense layers take a normalization in; nothing else does.
  @Test func whatIsFolded() {
    let names = Self.networks.map { network in
      FusionPlan(Problem(network.0, network.1, samples: 1).network, for: .evaluation).units.map(\.name)
    }
    #expect(names[0] == ["layers.0", "layers.1", "layers.4"])
    #expect(names[1] == ["layers.0", "layers.2", "layers.3", "layers.5"])
    #expect(names[2] == ["layers.0", "layers.3", "layers.4", "layers.5", "layers.8", "layers.9"])
    #expect(names[3] == ["layers.0", "layers.2", "layers.4"])
    #expect(names[4] == ["layers.0", "layers.2", "layers.3", "layers.4", "layers.5"])
  }

  /// One update a step: by the mean of the micro-batches' statistics, weighted by their numbers of values.
  @Test func runningStatistics() throws {
    let network = Network(inputShape: [1], specification: [.batchNorm(momentum: 0.25), .dense(outputs: 2)])
    let parameters = Parameters(network, seed: 1)
    // Means in 16 doubles, then variances. The third micro-batch has one value, which has no variance.
    let slots = AlignedBuffer<Double>(count: 3 * 32, zero: 0)
    for (number, (mean, variance)) in [(2.0, 6.0), (5.0, 8.0), (1000.0, 0.0)].enumerated() {
      slots.pointer[32 * number] = mean
      slots.pointer[32 * number + 16] = variance
    }
    parameters.moveState(towards: network.statistics(of: slots.pointer, samples: [4, 2, 1]))
    let kept = network.stateTensors.map { parameters.values(of: $0) }
    // (4 * 2 + 2 * 5) / 6 = 3; of samples, variances are 8 and 16: (4 * 8 + 2 * 16) / 6.
    #expect(kept == [[0.75], [Float(0.75 + 0.25 * 64 / 6)]])
    // Nothing to learn of.
    parameters.moveState(towards: network.statistics(of: slots.pointer, samples: [1, 1, 1]))
    #expect(network.stateTensors.map { parameters.values(of: $0) } == kept)
  }

  /// Names and shapes are PyTorch's, and state is saved and digested, but not trained.
  @Test func stateIsNotTrained() {
    let network = Network(
      inputShape: [4, 4],
      specification: [
        .conv(outputs: 3, size: 2, stride: 1, padding: 0), .batchNorm(), .dense(outputs: 2),
      ])
    #expect(network.stateTensors.map(\.name) == ["layers.1.running_mean", "layers.1.running_var"])
    #expect(network.stateTensors.map(\.shape) == [[3], [3]])
    let trained = network.tensors.map(\.name).filter { $0.hasPrefix("layers.1") }
    #expect(trained == ["layers.1.weight", "layers.1.bias"])
    let parameters = Parameters(network, seed: 1)
    let digest = parameters.digest
    #expect(network.stateTensors.map { parameters.values(of: $0) } == [[0, 0, 0], [1, 1, 1]])
    parameters.set(network.stateTensors[0], to: [0, 0, 1e-30])
    #expect(parameters.digest != digest)
  }

  /// Numbers beyond a Float's range end the training on all ranks.
  @Test func variancesBeyondFloat() throws {
    let images = try SampleTable(
      count: 8, shape: [1], element: .float32,
      copying: (0..<8).flatMap { number in
        withUnsafeBytes(of: Float(number % 2 == 0 ? 1e30 : -1e30).bitPattern.bigEndian) { Array($0) }
      })
    let split = Split(images: images, labels: [0, 1, 0, 1, 0, 1, 0, 1])
    let dataset = try Dataset(train: split, test: split, name: "far apart")
    var recipe = Recipe()
    recipe.network = [.batchNorm(), .dense(outputs: nil)]
    (recipe.batchSize, recipe.microBatches, recipe.normalize, recipe.epochs) = (8, 2, .none, 1)
    let trainer = try Trainer(
      recipe: recipe, dataset: dataset, collective: SingleProcess(), team: try ThreadTeam(count: 1))
    let error = #expect(throws: AgreedError.self) { _ = try trainer.train() }
    let expected = "step 1, layers.0: expected means and variances that a Float holds"
    #expect(error?.description.contains(expected) == true)
    #expect(trainer.hasDiverged)
  }

  /// A file's variances must be possible ones.
  @Test func impossibleVariances() throws {
    let network = Network(inputShape: [2], specification: [.batchNorm(), .dense(outputs: 2)])
    let parameters = Parameters(network, seed: 1)
    for odd in [Float(-0.5), .nan, .infinity] {
      parameters.set(network.stateTensors[1], to: [1, odd])
      let bytes = try Model(parameters: parameters, normalization: .none).safetensors().serialized()
      let error = #expect(throws: LockstepError.self) { _ = try Model(bytes: bytes, path: "odd") }
      #expect(error?.description.contains("variances from 0 in layers.0.running_var") == true)
    }
  }
}
