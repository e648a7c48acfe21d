import CKernels
import LockstepData

/// The Gaussian error linear unit (Hendrycks and Gimpel 2016), exact and not by tanh: y = x F(x) where F is the normal
/// distribution, F(x) = (1 + erf(x / √2)) / 2; dx = (F(x) + x e^(-x²/2) / √2π) dy. `[rows, n] -> [rows, n]`.
package struct GELU: ElementwiseLayer, PlainLayer {
  package static let keyword = "gelu"
  package let output: FeatureLayout

  package init(_ layout: FeatureLayout) { output = layout }

  package var function: ElementwiseFunction {
    ElementwiseFunction(forward: kernel_gelu_forward, backward: kernel_gelu_backward, keepsZero: true)
  }

  /// In the steps of the formula: ONNX has an operator for it from opset 20 on only.
  package func append(to graph: inout OperatorGraph) {
    let x = graph.value
    graph.append("Div", Float(2).squareRoot())
    graph.append("Erf")
    graph.append("Add", 1)
    graph.append("Mul", operands: [x])
    graph.append("Mul", 0.5)
  }
}

extension LayerSpecification {
  /// 'gelu': x (1 + erf(x / √2)) / 2, `[n] -> [n]`.
  public static var gelu: Self { Self(PlainForm<GELU>()) }
}
