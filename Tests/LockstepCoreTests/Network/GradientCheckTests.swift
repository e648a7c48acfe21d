import LockstepCore
import Testing

/// Back-propagation of whole networks against central differences of a loss in Double that knows nothing of kernels.
@Suite struct GradientCheckTests {
  struct Shape: Sendable {
    var inputs: Int
    var layers: [LayerSpecification]
  }

  static let shapes = [
    Shape(inputs: 13, layers: [.dense(outputs: 3)]),
    Shape(inputs: 16, layers: [.dense(outputs: 16)]),
    Shape(
      inputs: 13, layers: [.dense(outputs: 17), .relu, .dense(outputs: 5), .relu, .dense(outputs: 3)]),
    Shape(inputs: 33, layers: [.dense(outputs: 40), .relu, .dense(outputs: 18)]),
    Shape(inputs: 1, layers: [.dense(outputs: 1), .relu, .dense(outputs: 2)]),
    // A ReLU that no dense layer takes in.
    Shape(inputs: 5, layers: [.dense(outputs: 7), .relu, .relu, .dense(outputs: 3)]),
  ]

  @Test(arguments: shapes, Reduction.allCases)
  func gradientIsTheDerivative(shape: Shape, reduction: Reduction) throws {
    let problem = Problem(inputs: shape.inputs, layers: shape.layers, samples: 11)
    let step = try problem.step(microBatches: 4, threads: 2, reduction: reduction)
    #expect(step.failures.isEmpty)
    var reference = ReferenceNetwork(problem)
    for (tensor, gradient) in step.gradient.enumerated() {
      let derivatives = gradient.indices.map {
        reference.derivative(tensor: tensor, element: $0, of: problem)
      }
      #expect(derivatives.contains { abs($0) > 1e-3 })
      #expect(
        relativeError(gradient, derivatives) < 2e-6, "\(problem.network.tensors[tensor].name)")
    }
  }

  @Test(arguments: shapes)
  func lossAndLogitsAreTheReference(shape: Shape) throws {
    let problem = Problem(inputs: shape.inputs, layers: shape.layers, samples: 11)
    let step = try problem.step()
    let reference = ReferenceNetwork(problem)
    #expect(abs(step.loss - reference.loss(inputs: problem.inputs, labels: problem.labels)) < 1e-6)
    var hits = 0
    for sample in 0..<problem.count {
      let x = problem.inputs[sample * shape.inputs..<(sample + 1) * shape.inputs].map(Double.init)
      let logits = reference.logits(x)
      #expect(relativeError(step.logits[sample].map(Double.init), logits) < 1e-6)
      if logits.firstIndex(of: logits.max()!) == Int(problem.labels[sample]) { hits += 1 }
    }
    #expect(step.hits == hits)
  }
}
