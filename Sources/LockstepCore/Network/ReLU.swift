import CKernels

/// The rectifier: y = max(x, 0), dx = dy where y > 0. `[rows, n] -> [rows, n]`.
public struct ReLU: RowwiseLayer {
  public let output: FeatureLayout

  public init(_ layout: FeatureLayout) { output = layout }

  public var isReLU: Bool { true }

  public func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    { kernel_relu_forward(x.pointer, y.pointer, x.elements(of: $0).kernel) }
  }

  public func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    { rows, dy, dx in
      guard let dx else { return }
      Rectifier.mask(dy, where: y, rows: rows)
      dx.row(rows.lowerBound).update(from: dy.row(rows.lowerBound), count: rows.count * dy.stride)
    }
  }
}
