import CKernels
import LockstepData

/// The hyperbolic tangent: y = tanh x, dx = (1 - y²) dy. `[rows, n] -> [rows, n]`.
package struct Tanh: ElementwiseLayer, PlainLayer {
  package static let keyword = "tanh"
  package let output: FeatureLayout

  package init(_ layout: FeatureLayout) { output = layout }

  package var function: ElementwiseFunction {
    ElementwiseFunction(
      forward: kernel_tanh_forward, backward: kernel_tanh_backward, keepsZero: true)
  }

  package func append(to graph: inout OperatorGraph) { graph.append("Tanh") }
}

extension LayerSpecification {
  /// 'tanh': `[n] -> [n]`.
  public static var tanh: Self { Self(PlainForm<Tanh>()) }
}
