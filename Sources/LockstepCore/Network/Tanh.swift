import CKernels

/// The hyperbolic tangent: y = tanh x, dx = (1 - y²) dy. `[rows, n] -> [rows, n]`.
package struct Tanh: RowwiseLayer, PlainLayer {
  package static let keyword = "tanh"
  package let output: FeatureLayout

  package init(_ layout: FeatureLayout) { output = layout }

  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    Elementwise.forEachRun(of: output) { row, at, count in
      kernel_tanh_forward(x.row(row) + at, y.row(row) + at, count)
    }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    Elementwise.inputGradient(of: output, y: y) { 1 - $0 * $0 }
  }
}

extension LayerSpecification {
  public static var tanh: Self { Self(PlainForm<Tanh>()) }
}
