import CKernels

/// The rectifier, where no layer before it has taken it in: y = max(x, 0), dx = dy where y > 0. `[rows, n] -> [rows, n]`.
package struct ReLU: RowwiseLayer {
  package let output: FeatureLayout

  package init(_ layout: FeatureLayout) { output = layout }

  package func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    { kernel_relu_forward(x.pointer, y.pointer, x.elements(of: $0)) }
  }

  package func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    { rows, dy, dx in
      guard let dx else { return }
      Self.mask(dy, where: y, rows: rows)
      dx.row(rows.lowerBound).update(from: dy.row(rows.lowerBound), count: rows.count * dy.stride)
    }
  }

  /// dy = 0 where y is not above 0: the gradient with respect to what a fused ReLU was given.
  static func mask(_ dy: Activations, where y: Activations, pass: Pass) {
    pass.team.split(pass.rows * dy.stride / 16, grain: 512) {
      kernel_relu_backward(
        y.pointer, dy.pointer, kernel_range(begin: $0.lowerBound * 16, end: $0.upperBound * 16))
    }
  }

  /// The same for some rows, on the calling thread.
  static func mask(_ dy: Activations, where y: Activations, rows: Range<Int>) {
    kernel_relu_backward(
      y.row(rows.lowerBound), dy.row(rows.lowerBound), kernel_range(begin: 0, end: rows.count * dy.stride))
  }

  /// The same for some columns, on the calling thread.
  static func mask(_ dy: Activations, where y: Activations, rows: Int, columns: kernel_range) {
    for row in 0..<rows { kernel_relu_backward(y.row(row), dy.row(row), columns) }
  }
}
