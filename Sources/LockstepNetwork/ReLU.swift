import CKernels
import LockstepData

/// The rectifier: y = max(x, 0), dx = dy where y > 0. `[rows, n] -> [rows, n]`.
package struct ReLU: RowwiseLayer, PlainLayer {
  package static let keyword = "relu"
  package let output: FeatureLayout

  package init(_ layout: FeatureLayout) { output = layout }

  package var isReLU: Bool { true }

  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    { kernel_relu_forward(x.pointer, y.pointer, x.elements(of: $0).kernel) }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    { rows, dy, dx in
      guard let dx else { return }
      Rectifier.mask(dy, where: y, rows: rows)
      dx.row(rows.lowerBound).update(from: dy.row(rows.lowerBound), count: rows.count * dy.stride)
    }
  }

  package func append(to graph: inout OperatorGraph) { graph.append("Relu") }
}

extension LayerSpecification {
  /// 'relu': the larger of x and 0, `[n] -> [n]`.
  public static var relu: Self { Self(PlainForm<ReLU>()) }
}
