import CKernels

/// The rectifier, where no dense layer before it has taken it in: y = max(x, 0), dx = dy where y > 0.
public struct ReLU: Layer {
  public let outputShape: [Int]

  public init(shape: [Int]) { outputShape = shape }

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
    pass.team.split(pass.rows, grain: 16) { rows in
      let elements = kernel_range(begin: 0, end: rows.count * y.stride)
      let offset = rows.lowerBound * y.stride
      (dx.pointer + offset).update(from: dy.pointer + offset, count: rows.count * y.stride)
      kernel_relu_backward(y.pointer + offset, dx.pointer + offset, elements)
    }
    return true
  }
}
