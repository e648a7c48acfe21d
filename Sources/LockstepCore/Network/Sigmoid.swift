import CKernels

/// The logistic function: y = 1 / (1 + e⁻ˣ), dx = y (1 - y) dy. `[rows, n] -> [rows, n]`.
package struct Sigmoid: RowwiseLayer, PlainLayer {
  package static let keyword = "sigmoid"
  package let output: FeatureLayout

  package init(_ layout: FeatureLayout) { output = layout }

  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    Elementwise.forEachRun(of: output) { row, at, count in
      kernel_sigmoid_forward(x.row(row) + at, y.row(row) + at, count)
    }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    Elementwise.inputGradient(of: output, y: y) { $0 * (1 - $0) }
  }
}

extension LayerSpecification {
  public static var sigmoid: Self { Self(PlainForm<Sigmoid>()) }
}
