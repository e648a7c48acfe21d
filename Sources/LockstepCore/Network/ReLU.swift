import CKernels

/// The rectifier, where no layer before it has taken it in: y = max(x, 0), dx = dy where y > 0. `[rows, n] -> [rows, n]`.
public struct ReLU: Layer {
  public let output: FeatureLayout

  public init(_ layout: FeatureLayout) { output = layout }

  public func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    pass.team.split(pass.rows * x.stride / 16, grain: 512) {
      kernel_relu_forward(
        x.pointer, y.pointer, kernel_range(begin: $0.lowerBound * 16, end: $0.upperBound * 16))
    }
  }

  public func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    guard let dx else { return true }
    Self.mask(dy, where: y, pass: pass)
    dx.pointer.update(from: dy.pointer, count: pass.rows * dy.stride)
    return true
  }

  /// dy = 0 where y is not above 0: the gradient with respect to what a fused ReLU was given.
  static func mask(_ dy: Activations, where y: Activations, pass: Pass) {
    pass.team.split(pass.rows * dy.stride / 16, grain: 512) {
      kernel_relu_backward(
        y.pointer, dy.pointer, kernel_range(begin: $0.lowerBound * 16, end: $0.upperBound * 16))
    }
  }

  /// The same for some columns, on the calling thread.
  static func mask(_ dy: Activations, where y: Activations, rows: Int, columns: kernel_range) {
    for row in 0..<rows { kernel_relu_backward(y.row(row), dy.row(row), columns) }
  }
}
