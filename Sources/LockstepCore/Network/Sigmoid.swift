import CKernels

/// The logistic function: y = 1 / (1 + e⁻ˣ), dx = y (1 - y) dy. `[rows, n] -> [rows, n]`.
public struct Sigmoid: Layer {
  public let output: FeatureLayout

  public init(_ layout: FeatureLayout) { output = layout }

  public func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    Elementwise.forEachRun(of: output, stride: x.stride, pass: pass) { at, count in
      kernel_sigmoid_forward(x.pointer + at, y.pointer + at, count)
    }
  }

  public func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    Elementwise.backward(of: output, y: y, dy: dy, dx: dx, pass: pass) { $0 * (1 - $0) }
    return true
  }
}
