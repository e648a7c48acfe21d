import CKernels

/// The hyperbolic tangent: y = tanh x, dx = (1 - y²) dy. `[rows, n] -> [rows, n]`.
public struct Tanh: Layer {
  public let output: FeatureLayout

  public init(_ layout: FeatureLayout) { output = layout }

  public func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    Elementwise.forEachRun(of: output, stride: x.stride, pass: pass) { at, count in
      kernel_tanh_forward(x.pointer + at, y.pointer + at, count)
    }
  }

  public func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    Elementwise.backward(of: output, y: y, dy: dy, dx: dx, pass: pass) { 1 - $0 * $0 }
    return true
  }
}
