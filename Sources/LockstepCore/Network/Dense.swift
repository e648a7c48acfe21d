import CKernels

/// A fully connected layer, with the ReLU that follows it fused into the forward tile where there is one:
///
///     Y = X Wᵀ + b                 [rows, in] -> [rows, out]
///     dX = dY W,  dW = dYᵀ X,  db = the column sums of dY
///
/// W is [out, in], as in PyTorch. In memory it lies in panels of 16 outputs (see CKernels.h), which the forward and
/// weight-gradient kernels read without packing.
public struct Dense: DividedLayer {
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

  /// A thread that keeps its panels keeps them in its cache; where there are too few, rows or inputs are split instead.
  func splitsOutputs(over threads: Int) -> Bool { panels >= 2 * threads }

  public func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    let forward = { [self] (rows: Range<Int>, panels: Range<Int>, thread: Int) in
      kernel_dense_forward(
        x.pointer(on: thread), x.stride, parameters, inputs, y.pointer, y.stride, fusesReLU, rows.kernel, panels.kernel)
    }
    let (rows, panels) = (pass.rows, panels)
    if splitsOutputs(over: pass.team.count) {
      pass.team.splitByThread(panels, grain: 2, pieces: 2) { forward(0..<rows, $0, $1) }
    } else {
      pass.team.splitByThread(rows, grain: 4) { forward($0, 0..<panels, $1) }
    }
  }

  public func scratchCount(rows: Int) -> Int {
    (paddedToPanel(inputs) + paddedToPanel(outputs)) * rowStride(rows)
  }

  /// The kernel's vectors run over samples, which keeps the chain over outputs in order: it works on transposes.
  public func inputGradient(
    y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>, pass: Pass
  ) {
    guard let dx else {
      if fusesReLU { ReLU.mask(dy, where: y, pass: pass) }
      return
    }
    // Few outputs: their weights are turned at little cost, and the layer itself goes backwards.
    if outputs < 16 { return turnedForward(y: y, dy: dy, dx: dx, parameters: parameters, pass: pass) }
    let stride = rowStride(pass.rows)
    let dyTransposed = pass.scratch
    let dxTransposed = dyTransposed + paddedToPanel(outputs) * stride
    let (rows, inputs, outputs, fusesReLU) = (pass.rows, inputs, outputs, fusesReLU)
    pass.team.split(paddedToPanel(outputs) / 8, grain: 8) {
      let columns = kernel_range(begin: $0.lowerBound * 8, end: $0.upperBound * 8)
      if fusesReLU { ReLU.mask(dy, where: y, rows: rows, columns: columns) }
      kernel_transpose(dy.pointer, dy.stride, dyTransposed, stride, rows, columns)
    }
    pass.team.split(inputs, grain: 32, pieces: 2) {
      kernel_dense_input_gradient(
        dyTransposed, parameters, inputs, outputs, dxTransposed, stride, rows, $0.kernel)
      kernel_transpose(
        dxTransposed + $0.lowerBound * stride, stride, dx.pointer + $0.lowerBound, dx.stride, $0.count,
        kernel_range(begin: 0, end: rows))
    }
  }

  /// dX = dY W as a forward pass over panels of 16 inputs, [outputs + 1, 16], without a bias.
  private func turnedForward(
    y: Activations, dy: Activations, dx: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) {
    if fusesReLU { ReLU.mask(dy, where: y, pass: pass) }
    let (rows, inputs, outputs, turned) = (pass.rows, inputs, outputs, pass.scratch)
    let panel = (outputs + 1) * 16
    pass.team.split(paddedToPanel(inputs) / 16, grain: 2) { panels in
      for p in panels {
        (turned + p * panel).update(repeating: 0, count: panel)
        kernel_transpose(
          parameters + p * 256, 16, turned + p * panel, 16, min(16, inputs - p * 16),
          kernel_range(begin: 0, end: outputs))
      }
      kernel_dense_forward(
        dy.pointer, dy.stride, turned, outputs, dx.pointer, dx.stride, false,
        kernel_range(begin: 0, end: rows), panels.kernel)
    }
  }

  public func weightGradient(
    x: Activations, dy: Activations, gradient: GradientSlice, pass: Pass, share: Share
  ) -> Bool {
    let failures = FailureFlag()
    let (panels, inputs, microBatches) = (panels, inputs, pass.microBatches)
    let work = { (inputsAndBias: Range<Int>, panels: Range<Int>, thread: Int) in
      let x = (pointer: x.pointer(on: thread), stride: x.stride)
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
    if splitsOutputs(over: pass.team.count * share.count) {
      let own = share.range(of: panels)
      pass.team.splitByThread(own.count, grain: 2, pieces: 2) {
        work(0..<inputs + 1, own.lowerBound + $0.lowerBound..<own.lowerBound + $0.upperBound, $1)
      }
    } else {
      let own = share.range(of: inputs + 1, grain: 16)
      pass.team.splitByThread(own.count, grain: 16, pieces: 2) {
        work(own.lowerBound + $0.lowerBound..<own.lowerBound + $0.upperBound, 0..<panels, $1)
      }
    }
    return !failures.isRaised
  }
}
