import LockstepCore
import Testing

/// Layers of users in networks of the library's.
@Suite struct CustomLayerTests {
  private static func recipe(_ network: [LayerSpecification], _ reduction: Reduction = .exact) -> Recipe {
    var recipe = Recipe()
    (recipe.network, recipe.epochs, recipe.batchSize, recipe.microBatches) = (network, 3, 20, 4)
    (recipe.reduction, recipe.learningRate) = (reduction, 0.05)
    return recipe
  }

  private static func train(
    _ recipe: Recipe, _ data: Dataset, nodes: [Int] = [0], threads: Int = 1
  ) throws -> [Model] {
    try ThreadedCollective.run(nodes: nodes) { collective in
      var training = Training(recipe, on: data)
      training.threads = threads
      return try training.run(on: collective)
    }.map { try $0.get() }
  }

  /// What a user writes learns what the library's layer does, but for the rounding of its sums.
  @Test(arguments: [Reduction.exact, .fast]) func learnsAsTheLibrarysDoes(reduction: Reduction) throws {
    let data = try formulaDataset(samples: 90, features: 13, classes: 4)
    let own = try Self.train(
      Self.recipe(
        [try .layer(OwnDense.self, 37), try .layer(OwnReLU.self), .dense(outputs: nil)], reduction),
      data)
    let usual = try Self.train(
      Self.recipe([.dense(outputs: 37), .relu, .dense(outputs: nil)], reduction), data)
    for (one, other) in zip(own[0].network.tensors, usual[0].network.tensors) {
      #expect(one.name == other.name && one.shape == other.shape)
      let pairs = zip(own[0].parameters.values(of: one), usual[0].parameters.values(of: other))
      #expect(pairs.allSatisfy { abs($0 - $1) < 1e-4 }, "\(one.name)")
    }
  }

  /// Of elements in the order of memory, whatever the layer before leaves: the same bits as the library's rectifier.
  @Test func elementsAreInCanonicalOrder() throws {
    let data = try formulaDataset(samples: 40, shape: [6, 5], classes: 3)
    func digest(_ layer: LayerSpecification) throws -> UInt64 {
      let network: [LayerSpecification] = [
        .conv(outputs: 5, size: 3, stride: 1, padding: 0), layer, .maxPool(size: 2, stride: 1),
        .conv(outputs: 4, size: 2, stride: 1, padding: 1), layer, .flatten, layer, .dense(outputs: nil),
      ]
      return try Self.train(Self.recipe(network), data)[0].parameters.digest
    }
    #expect(try digest(.layer(OwnReLU.self)) == digest(.relu))
  }

  @Test(arguments: Reduction.allCases) func anyNumberOfRanksAndThreads(reduction: Reduction) throws {
    let data = try formulaDataset(samples: 90, shape: [5, 6], classes: 4)
    let network: [LayerSpecification] = [
      .conv(outputs: 5, size: 3, stride: 1, padding: 0), try .layer(OwnScale.self), .flatten,
      try .layer(OwnDense.self, 20), .relu, .dense(outputs: nil), try .layer(OwnScale.self),
    ]
    let recipe = Self.recipe(network, reduction)
    let expected = try Self.train(recipe, data)[0]
    #expect(expected.parameters.values(of: expected.network.tensors[2]).contains { abs($0) > 1e-3 })
    for threads in [2, 3] {
      let digest = try Self.train(recipe, data, threads: threads)[0].parameters.digest
      #expect(digest == expected.parameters.digest, "\(threads) threads")
    }
    for nodes in [[0, 0], [0, 0, 1], [0, 1, 2, 3], [0, 0, 0, 0, 0, 1, 1]] {
      let digests = Set(try Self.train(recipe, data, nodes: nodes, threads: 2).map(\.parameters.digest))
      #expect(digests.count == 1, "\(nodes)")
      if reduction != .fast { #expect(digests == [expected.parameters.digest], "\(nodes)") }
    }
  }

  @Test func filesNameIt() throws {
    let data = try formulaDataset(samples: 30, features: 7, classes: 3)
    let network: [LayerSpecification] = [try .layer(OwnDense.self, 9), .dense(outputs: nil)]
    let model = try Self.train(Self.recipe(network), data)[0]
    let directory = try TemporaryDirectory()
    try model.write(to: directory.path + "/own.safetensors")
    let read = try Model(path: directory.path + "/own.safetensors")
    #expect(read.parameters.digest == model.parameters.digest && read.network.specification == network)
    #expect(LayerSpecification("owndense 9.0") == network[0] && LayerSpecification("owndense nine") == nil)
    let error = #expect(throws: LockstepError.self) { try model.onnx(.numbers, path: "own.onnx") }
    #expect(error?.found.contains("owndense") == true)
  }

  private struct Taken: Layer {
    static let keyword = "relu"
    let outputShape: [Int]
    init(inputShape: [Int], options: [Double]) { outputShape = inputShape }
    func forward(_ x: [Float], _: LayerWeights, to y: inout [Float]) {}
    func backward(
      _ x: [Float], dy: [Float], _: LayerWeights, to dx: inout [Float], adding _: inout LayerWeights
    ) {}
  }
  private struct Branching: Layer {
    static let keyword = "branches"
    let outputShape: [Int]
    init(inputShape: [Int], options: [Double]) { outputShape = inputShape }
    func forward(_ x: [Float], _: LayerWeights, to y: inout [Float]) {}
    func backward(
      _ x: [Float], dy: [Float], _: LayerWeights, to dx: inout [Float], adding _: inout LayerWeights
    ) {}
  }
  private struct Growing: Layer {
    static let keyword = "growing"
    let outputShape: [Int]
    init(inputShape: [Int], options: [Double]) { outputShape = inputShape }
    func forward(_ x: [Float], _: LayerWeights, to y: inout [Float]) { y.append(0) }
    func backward(
      _ x: [Float], dy: [Float], _: LayerWeights, to dx: inout [Float], adding _: inout LayerWeights
    ) {}
  }

  @Test func whatCannotBeIsAnError() throws {
    func network(_ layer: LayerSpecification) throws -> Network {
      try Network(inputShape: [4], specification: [layer, .dense(outputs: nil)], classes: 3)
    }
    #expect(throws: LockstepError.self) { try LayerRegistry.register(Taken.self) }
    #expect(throws: LockstepError.self) { try LayerRegistry.register(Branching.self) }
    #expect(throws: LockstepError.self) { try network(.layer(OwnDense.self)) }
    #expect(throws: LockstepError.self) { try network(.layer(OwnDense.self, .infinity)) }
    #expect(throws: LockstepError.self) { try network(.layer(OwnDense.self, 0)) }
    #expect(throws: LockstepError.self) { try network(.layer(OwnDense.self, 1e9)) }
    let error = #expect(throws: LockstepError.self) { try network(.layer(Growing.self)) }
    #expect(error?.subject == "layer 0 (growing)")
  }
}
