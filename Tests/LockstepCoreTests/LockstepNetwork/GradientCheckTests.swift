import LockstepCore
import Testing

/// Back-propagation of whole networks against central differences of a loss in Double that knows nothing of kernels.
@Suite struct GradientCheckTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var input: [Int]
    var layers: String
    var testDescription: String { "\(layers) of \(input)" }

    init(_ input: [Int], _ layers: String) { (self.input, self.layers) = (input, layers) }
  }

  static let shapes = [
    Shape([13], "dense 3"), Shape([16], "dense 16"),
    Shape([13], "dense 17, relu, dense 5, relu, dense 3"),
    Shape([33], "dense 40, relu, dense 18"),
    Shape([1], "dense 1, relu, dense 2"),
    // A ReLU that no layer takes in.
    Shape([5], "dense 7, relu, relu, dense 3"),
    Shape([11], "dense 9, tanh, dropout 0.25, dense 6, sigmoid, dense 4"),
    Shape([6, 5], "conv 3 3x3, relu, conv 2 2x2 pad 1, flatten, dense 3"),
    Shape([2, 7, 6], "conv 4 3x3 stride 2 pad 1, tanh, conv 3 2x2, sigmoid, dense 3"),
    Shape([3, 5, 7], "sigmoid, conv 3 2x2, maxpool 2 stride 1, tanh, conv 4 3x3 stride 2 pad 2, dense 3"),
    // The model cnn, but smaller.
    Shape(
      [12, 12],
      "conv 3 5x5, maxpool 2, relu, conv 4 3x3, dropout2d 0.5, maxpool 2, relu, flatten, dense 5, relu, "
        + "dropout 0.5, dense 3"),
    // More channels than a panel holds, pooled windows that overlap, a dropout in front.
    Shape([1, 6, 6], "dropout 0.125, maxpool 2 stride 1, conv 17 2x2, maxpool 3 stride 1, dense 2"),
    Shape([2, 4, 4], "conv 3 3x3 pad 1, relu, maxpool 2, dropout2d 0.25, flatten, tanh, dense 3, dense 2"),
    Shape([9], "dense 12, gelu, dense 19, silu, dense 7, leakyrelu 0.125, dense 4"),
    Shape([2, 9, 8], "conv 5 3x3 pad 1, gelu, avgpool 2, conv 18 2x2, silu, globalavgpool, dense 3"),
    Shape([1, 8, 9], "avgpool 2 stride 1, conv 17 2x2, leakyrelu, avgpool 3 stride 2, tanh, dense 3"),
    Shape([3, 4, 5], "globalavgpool, dense 8, gelu, dense 3"),
    Shape([9], "layernorm, dense 21, layernorm, relu, dense 3"),
    Shape([9], "branches(dense 5, relu | dense 7 | tanh), dense 3"),
    Shape([9], "dense 8, residual(relu, dense 8), tanh, residual(dense 8, gelu) shortcut(dense 8), dense 3"),
    // Gradients of several consumers meet; shortcuts change nothing, channels, sizes, or layouts.
    Shape(
      [2, 6, 5],
      "residual(conv 3 3x3 pad 1, relu, dropout 0.25) shortcut(conv 3 1x1), relu, residual(sigmoid, conv 3 1x1), "
        + "residual(conv 18 3x3 stride 2 pad 1, relu) shortcut(conv 18 1x1 stride 2), dense 3"
    ),
    Shape(
      [1, 5, 4],
      "branches(conv 3 1x1, relu | conv 17 3x3 pad 1, tanh | dropout2d 0.25, conv 2 1x1), conv 5 2x2, "
        + "branches(relu | residual(residual(conv 5 1x1), gelu) | maxpool 2 stride 1, conv 5 2x2 pad 1), "
        + "flatten, dense 3"),
    Shape(
      [1, 4, 4], "conv 3 2x2, flatten, residual(dense 27, relu), residual(relu), dense 30, relu, dense 3"),
    Shape(
      [2, 4, 4], "branches(relu | conv 2 1x1), residual(dropout 0.25) shortcut(conv 4 1x1), tanh, dense 3"),
    Shape([9], "groupnorm 3, dense 21, groupnorm 7, relu, dense 3"),
    Shape(
      [2, 5, 6],
      "conv 18 2x2, groupnorm 2, relu, conv 6 2x2, groupnorm 3, tanh, flatten, groupnorm 4, dense 3"),
    Shape([9], "batchnorm eps 0.5, dense 21, batchnorm eps 0.25, relu, dense 3"),
    Shape(
      [2, 5, 6],
      "conv 19 2x2, batchnorm eps 0.5, relu, dropout2d 0.25, conv 3 2x2 pad 1, tanh, batchnorm eps 1.0, flatten, "
        + "batchnorm eps 0.75, dense 3"),
    Shape([2, 5, 6], "conv 19 2x2, layernorm, relu, conv 3 2x2, flatten, layernorm, dense 3"),
  ]

  @Test(arguments: shapes, [Reduction.exact, .fast])
  func gradientIsTheDerivative(shape: Shape, reduction: Reduction) throws {
    let problem = Problem(shape.input, shape.layers, samples: 11)
    let step = try problem.step(microBatches: 4, threads: 2, reduction: reduction)
    #expect(step.failures.isEmpty)
    var reference = ReferenceNetwork(problem)
    for (tensor, gradient) in step.gradient.enumerated() {
      let derivatives = gradient.indices.map {
        reference.derivative(tensor: tensor, element: $0, of: problem)
      }
      // A bias that a batch normalization takes away again.
      if shape.layers.contains("batchnorm"), derivatives.allSatisfy({ abs($0) < 1e-8 }) {
        #expect(problem.network.tensors[tensor].name.hasSuffix("bias"))
        #expect(gradient.allSatisfy { abs($0) < 1e-7 })
        continue
      }
      #expect(derivatives.contains { abs($0) > 1e-3 })
      // Deviations of a few samples are small, and what is divided by them has Float's rounding.
      let most = shape.layers.contains("batchnorm") ? 2e-5 : 2e-6
      #expect(
        relativeError(gradient, derivatives) < most, "\(problem.network.tensors[tensor].name)")
    }
  }

  @Test(arguments: shapes)
  func lossAndLogitsAreTheReference(shape: Shape) throws {
    let problem = Problem(shape.input, shape.layers, samples: 11)
    let step = try problem.step()
    let reference = ReferenceNetwork(problem)
    #expect(abs(step.loss - reference.loss(of: problem)) < 1e-6)
    var hits = 0
    for (sample, logits) in reference.trainingLogits(of: problem).enumerated() {
      #expect(relativeError(step.logits[sample].map(Double.init), logits) < 1e-6)
      if logits.firstIndex(of: logits.max()!) == Int(problem.labels[sample]) { hits += 1 }
    }
    #expect(step.hits == hits)
  }
}
