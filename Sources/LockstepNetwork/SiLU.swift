import CKernels
import LockstepData

/// The sigmoid linear unit (Elfwing, Uchibe and Doya 2017; "swish"): y = x s, dx = s (1 + x (1 - s)) dy with
/// s = 1 / (1 + e⁻ˣ). `[rows, n] -> [rows, n]`.
package struct SiLU: ElementwiseLayer, PlainLayer {
  package static let keyword = "silu"
  package let output: FeatureLayout

  package init(_ layout: FeatureLayout) { output = layout }

  package var function: ElementwiseFunction {
    ElementwiseFunction(forward: kernel_silu_forward, backward: kernel_silu_backward, keepsZero: true)
  }

  package func append(to graph: inout OperatorGraph) {
    let x = graph.value
    graph.appendSigmoid()
    graph.append("Mul", operands: [x])
  }
}

extension LayerSpecification {
  /// 'silu': x / (1 + e⁻ˣ), `[n] -> [n]`.
  public static var silu: Self { Self(PlainForm<SiLU>()) }
}
