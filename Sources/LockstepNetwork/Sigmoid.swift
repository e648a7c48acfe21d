import CKernels
import LockstepData

/// The logistic function: y = 1 / (1 + e⁻ˣ), dx = y (1 - y) dy. `[rows, n] -> [rows, n]`.
package struct Sigmoid: ElementwiseLayer, PlainLayer {
  package static let keyword = "sigmoid"
  package let output: FeatureLayout

  package init(_ layout: FeatureLayout) { output = layout }

  package var function: ElementwiseFunction {
    ElementwiseFunction(
      forward: kernel_sigmoid_forward, backward: kernel_sigmoid_backward, keepsZero: false)
  }

  package func append(to graph: inout OperatorGraph) { graph.appendSigmoid() }
}

extension LayerSpecification {
  /// 'sigmoid': 1 / (1 + e⁻ˣ), `[n] -> [n]`.
  public static var sigmoid: Self { Self(PlainForm<Sigmoid>()) }
}

extension OperatorGraph {
  /// As other layers take it too.
  mutating func appendSigmoid() { append("Sigmoid") }
}
