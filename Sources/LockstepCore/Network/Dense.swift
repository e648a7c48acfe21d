import CKernels

/// A fully connected layer, with the ReLU that follows it fused into the forward tile where there is one:
///
///     Y = X Wᵀ + b                 [rows, in] -> [rows, out]
///     dX = dY W,  dW = dYᵀ X,  db = the column sums of dY
///
/// W is [out, in], as in PyTorch. In memory it lies in panels of 16 outputs (see CKernels.h), which the forward and
/// weight-gradient kernels read without packing.
public struct Dense: Layer {
  public let inputs: Int
  public let outputs: Int
  public let fusesReLU: Bool

  public init(inputs: Int, outputs: Int, fusesReLU: Bool = false) {
    self.inputs = inputs
    self.outputs = outputs
    self.fusesReLU = fusesReLU
  }

  public var outputShape: [Int] { [outputs] }
  private var panels: Int { paddedToPanel(outputs) / 16 }
  public var parameterCount: Int { panels * (inputs + 1) * 16 }

  /// PyTorch's default: uniform within 1 / sqrt(in) (He et al. 2015 with a = sqrt(5)).
  public var tensors: [ParameterTensor] {
    let inputs = inputs
    let bound = 1 / Float(inputs).squareRoot()
    return [
      ParameterTensor(name: "weight", shape: [outputs, inputs], initialBound: bound) { element in
        let (output, input) = element.quotientAndRemainder(dividingBy: inputs)
        return ((output / 16) * (inputs + 1) + input) * 16 + output % 16
      },
      ParameterTensor(name: "bias", shape: [outputs], initialBound: bound) { output in
        ((output / 16) * (inputs + 1) + inputs) * 16 + output % 16
      },
    ]
  }

  public func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    let rows = pass.rows
    let forward = { [self] (rows: Range<Int>, panels: Range<Int>) in
      kernel_dense_forward(
        x.pointer, x.stride, parameters, inputs, y.pointer, y.stride, fusesReLU, rows.kernel, panels.kernel)
    }
    // A thread that keeps its panels keeps them in its cache; where there are too few, rows are split instead.
    if panels >= 2 * pass.team.count {
      pass.team.split(panels) { forward(0..<rows, $0) }
    } else {
      let panels = panels
      pass.team.split(rows, grain: 4) { forward($0, 0..<panels) }
    }
  }

  public func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    if fusesReLU {
      pass.team.split(pass.rows * dy.stride / 16, grain: 512) {
        kernel_relu_backward(
          y.pointer, dy.pointer, kernel_range(begin: $0.lowerBound * 16, end: $0.upperBound * 16))
      }
    }
    if let dx { inputGradient(dy: dy, dx: dx, parameters: parameters, pass: pass) }
    return weightGradient(x: x, dy: dy, gradient: gradient, pass: pass)
  }

  public func scratchCount(rows: Int) -> Int {
    (paddedToPanel(inputs) + paddedToPanel(outputs)) * paddedToPanel(rows)
  }

  /// The kernel's vectors run over samples, which keeps the chain over outputs in order: it works on transposes.
  private func inputGradient(dy: Activations, dx: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    let stride = paddedToPanel(pass.rows)
    let dyTransposed = pass.scratch
    let dxTransposed = dyTransposed + paddedToPanel(outputs) * stride
    let (rows, inputs, outputs) = (pass.rows, inputs, outputs)
    pass.team.split(dy.stride / 8, grain: 8) {
      kernel_transpose(
        dy.pointer, dy.stride, dyTransposed, stride, rows,
        kernel_range(begin: $0.lowerBound * 8, end: $0.upperBound * 8))
    }
    pass.team.split(inputs, grain: 8) {
      kernel_dense_input_gradient(
        dyTransposed, parameters, inputs, outputs, dxTransposed, stride, rows, $0.kernel)
    }
    pass.team.split((rows + 7) / 8) {
      kernel_transpose(
        dxTransposed, stride, dx.pointer, dx.stride, inputs,
        kernel_range(begin: $0.lowerBound * 8, end: $0.upperBound * 8))
    }
  }

  private func weightGradient(x: Activations, dy: Activations, gradient: GradientSlice, pass: Pass) -> Bool {
    let failures = FailureFlag()
    let (panels, inputs) = (panels, inputs)
    let microBatches = kernel_micro_batches(
      bounds: pass.bounds.baseAddress, count: Int32(max(pass.bounds.count - 1, 0)))
    let exact = { (sink: kernel_gradient_sink, limit: Float, inputsAndBias: Range<Int>, panels: Range<Int>) in
      let finite = kernel_dense_weight_gradient(
        x.pointer, x.stride, dy.pointer, dy.stride, inputs, microBatches, limit, sink, inputsAndBias.kernel,
        panels.kernel)
      if !finite { failures.raise() }
    }
    let fast = { (sink: kernel_gradient_sink, inputsAndBias: Range<Int>, panels: Range<Int>) in
      kernel_dense_weight_gradient_fast(
        x.pointer, x.stride, dy.pointer, dy.stride, inputs, pass.rows, sink, inputsAndBias.kernel,
        panels.kernel)
    }
    let work = { (inputsAndBias: Range<Int>, panels: Range<Int>) in
      switch gradient {
      case .exact(let sum, let limit):
        exact(kernel_gradient_sink(exact: sum, fast: nil, update: nil), limit, inputsAndBias, panels)
      case .fast(let sum):
        fast(kernel_gradient_sink(exact: nil, fast: sum, update: nil), inputsAndBias, panels)
      case .applied(let update, let reduction, let limit):
        withUnsafePointer(to: update) {
          let sink = kernel_gradient_sink(exact: nil, fast: nil, update: $0)
          if reduction == .exact {
            exact(sink, limit, inputsAndBias, panels)
          } else {
            fast(sink, inputsAndBias, panels)
          }
        }
      }
    }
    if panels >= 2 * pass.team.count {
      pass.team.split(panels) { work(0..<inputs + 1, $0) }
    } else {
      pass.team.split(inputs + 1, grain: 16) { work($0, 0..<panels) }
    }
    return !failures.isRaised
  }
}
