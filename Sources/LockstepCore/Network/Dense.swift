import CKernels

/// A fully connected layer, with the ReLU that follows it fused into the forward tile where there is one:
///
///     Y = X Wᵀ + b                 [rows, in] -> [rows, out]
///     dX = dY W,  dW = dYᵀ X,  db = the column sums of dY
///
/// W is [out, in], as in PyTorch. In memory it lies in panels of 16 outputs (see CKernels.h), which the forward and
/// weight-gradient kernels read without packing.
public struct Dense: Layer {
  public let input: FeatureLayout
  public let outputs: Int
  public let fusesReLU: Bool

  public init(input: FeatureLayout, outputs: Int, fusesReLU: Bool = false) {
    self.input = input
    self.outputs = outputs
    self.fusesReLU = fusesReLU
  }

  public init(inputs: Int, outputs: Int, fusesReLU: Bool = false) {
    self.init(input: .vector(inputs), outputs: outputs, fusesReLU: fusesReLU)
  }

  public var output: FeatureLayout { .vector(outputs) }
  /// Rows of a panel: an input's padding has weights too, which are zero and stay so.
  private var inputs: Int { input.count }
  private var panels: Int { paddedToPanel(outputs) / 16 }
  public var parameterCount: Int { panels * (inputs + 1) * 16 }
  public var flopsPerSample: Int { 2 * input.features * outputs }

  /// PyTorch's default: uniform within 1 / sqrt(in) (He et al. 2015 with a = sqrt(5)).
  public var tensors: [ParameterTensor] {
    let (input, inputs) = (input, inputs)
    let bound = 1 / Float(input.features).squareRoot()
    return [
      ParameterTensor(name: "weight", shape: [outputs, input.features], initialBound: bound) { element in
        let (output, index) = element.quotientAndRemainder(dividingBy: input.features)
        return ((output / 16) * (inputs + 1) + input.position(of: index)) * 16 + output % 16
      },
      ParameterTensor(name: "bias", shape: [outputs], initialBound: bound) { output in
        ((output / 16) * (inputs + 1) + inputs) * 16 + output % 16
      },
    ]
  }

  public func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    let forward = { [self] (rows: Range<Int>, panels: Range<Int>) in
      kernel_dense_forward(
        x.pointer, x.stride, parameters, inputs, y.pointer, y.stride, fusesReLU, rows.kernel, panels.kernel)
    }
    let (rows, panels) = (pass.rows, panels)
    // A thread that keeps its panels keeps them in its cache; where there are too few, rows are split instead.
    if panels >= 2 * pass.team.count {
      pass.team.split(panels, grain: 2) { forward(0..<rows, $0) }
    } else {
      pass.team.split(rows, grain: 4) { forward($0, 0..<panels) }
    }
  }

  public func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    gradient: GradientSlice, pass: Pass
  ) -> Bool {
    if fusesReLU { ReLU.mask(dy, where: y, pass: pass) }
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
    pass.team.split(inputs, grain: 12, pieces: 2) {
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
    let (panels, inputs, microBatches) = (panels, inputs, pass.microBatches)
    let work = { (inputsAndBias: Range<Int>, panels: Range<Int>) in
      let finite = WeightGradient(slice: gradient) { sink, limit in
        kernel_dense_weight_gradient(
          x.pointer, x.stride, dy.pointer, dy.stride, inputs, microBatches, limit, sink, inputsAndBias.kernel,
          panels.kernel)
      } fast: { sink in
        kernel_dense_weight_gradient_fast(
          x.pointer, x.stride, dy.pointer, dy.stride, inputs, pass.rows, sink, inputsAndBias.kernel,
          panels.kernel)
      }.run()
      if !finite { failures.raise() }
    }
    if panels >= 2 * pass.team.count {
      pass.team.split(panels, grain: 2, pieces: 2) { work(0..<inputs + 1, $0) }
    } else {
      pass.team.split(inputs + 1, grain: 24, pieces: 2) { work($0, 0..<panels) }
    }
    return !failures.isRaised
  }
}
