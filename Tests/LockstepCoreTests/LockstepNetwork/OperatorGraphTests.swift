import LockstepCore
import Testing

/// The exported graph computes what the network does, for every layer of the registry.
@Suite struct OperatorGraphTests {
  static let networks =
    ExampleNetworks.all + [
      ([28, 28], "conv 4 5x5, maxpool 2, relu, flatten, gelu, dense 7, silu, dense 3"),
      ([5, 6], "conv 4 2x2, flatten, batchnorm, gelu, layernorm, groupnorm 8, relu, dense 3"),
      (
        [5, 6],
        "residual(conv 4 3x3 pad 1) shortcut(conv 4 1x1), relu, branches(tanh | conv 3 1x1), flatten, relu, "
          + "residual(dense 210), branches(dense 4 | relu), dense 3"
      ),
      ([1, 3, 2], "flatten, dense 5, dropout 0.5, leakyrelu 0.25, flatten, dense 3"),
    ]

  @Test(arguments: networks) func computesTheSame(network: ([Int], String)) throws {
    let problem = Problem(network.0, network.1, samples: 4)
    let (scale, shift) = (Float(0.75), Float(-0.5))
    let graph = problem.network.operatorGraph(scale: scale, shift: shift)
    let evaluator = GraphReference(graph, problem)
    let reference = ReferenceNetwork(problem)
    let features = problem.network.inputFeatures
    for sample in 0..<problem.count {
      let x = problem.inputs[sample * features..<(sample + 1) * features].map(Double.init)
      let found = try evaluator.run(x)
      let expected = reference.logits(x.map { $0 * Double(scale) + Double(shift) })
      expectNear(found["logits"], expected, "logits of \(network.1)")
      expectNear(found["probabilities"], ReferenceNetwork.softmax(expected), "probabilities")
    }
  }

  private func expectNear(_ found: [Double]?, _ expected: [Double], _ what: String) {
    let found = found ?? []
    #expect(found.count == expected.count, "\(what)")
    for (a, b) in zip(found, expected) { #expect(abs(a - b) < 1e-6, "\(what): \(found), \(expected)") }
  }

  /// No two operators and constants share a name, which ONNX forbids.
  @Test(arguments: networks) func namesAreUnique(network: ([Int], String)) {
    let graph = Problem(network.0, network.1, samples: 1).network.operatorGraph(scale: 2, shift: 1)
    let names = graph.operators.map(\.output) + graph.constants.map(\.name) + ["input"]
    #expect(Set(names).count == names.count, "\(names)")
  }

  /// Logits are vectors, though what gave them were images.
  @Test func endsWithVectors() throws {
    let layers = ["conv 3 4x4", "relu", "flatten"].map { LayerSpecification($0)! }
    let network = try Network(inputShape: [4, 4], specification: layers, classes: 3)
    let graph = network.operatorGraph(scale: 1, shift: 0)
    #expect(graph.operators.map(\.kind) == ["Conv", "Relu", "Flatten", "Softmax"])
    #expect(graph.operators.map(\.output).suffix(2) == ["logits", "probabilities"])
    #expect(graph.operators.last?.inputs == ["logits"])
  }

  /// A rectified layer, which no network holds before fusion, keeps its ReLU.
  @Test func rectifiedLayers() {
    for example in ["conv 5 3x3", "maxpool 2", "dense 3"] {
      let problem = Problem([2, 6, 6], "\(example), dense 3", samples: 1)
      let layers = problem.network.layers.prefix(1).compactMap(\.rectified)
      let network = Network(input: problem.network.input, layers: layers)
      let kinds = network.operatorGraph(scale: 1, shift: 0).operators.map(\.kind)
      #expect(layers.count == 1 && kinds.contains("Relu"), "\(kinds)")
    }
  }
}
