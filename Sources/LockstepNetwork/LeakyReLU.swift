import CKernels
import LockstepData

/// The leaky rectifier (Maas, Hannun and Ng 2013): y = x, dx = dy where x > 0, else y = slope x, dx = slope dy.
/// `[rows, n] -> [rows, n]`.
package struct LeakyReLU: ElementwiseLayer {
  package let output: FeatureLayout
  let slope: Float

  package var function: ElementwiseFunction {
    ElementwiseFunction(
      forward: kernel_leakyrelu_forward, backward: kernel_leakyrelu_backward, parameter: slope,
      keepsZero: true)
  }

  package func append(to graph: inout OperatorGraph) {
    graph.append("LeakyRelu", [.number("alpha", slope)])
  }
}

extension LeakyReLU {
  struct Form: LayerForm {
    static let keyword = "leakyrelu"
    static let parts: [FormPart<Form>] = [.optional(.fraction("SLOPE"), \.slope, default: 0.01)]
    static let examples = ["leakyrelu", "leakyrelu 0.25"]
    var slope = 0.01

    func makeLayer(in network: inout NetworkBuilder) -> (any NetworkLayer)? {
      LeakyReLU(output: network.layout, slope: Float(slope))
    }
  }
}

extension LayerSpecification {
  /// 'leakyrelu SLOPE': x where it is above 0, else slope x, `[n] -> [n]`. `slope` is from 0 to 1.
  public static func leakyReLU(slope: Double = 0.01) -> Self { Self(LeakyReLU.Form(slope: slope)) }
}
