import CKernels
import LockstepData
import LockstepSupport

extension Dense {
  package func scratchCount(rows: Int) -> Int {
    (paddedToPanel(inputs) + paddedToPanel(outputs)) * paddedToPanel(rows)
  }

  /// The kernel works on transposes: its vectors run over samples, which keeps the chain over outputs in order.
  package func inputGradient(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    masks: GradientMasks, pass: Pass
  ) {
    guard let dx else {
      if masks.output { Rectifier.mask(dy, where: y, pass: pass) }
      return
    }
    // Few outputs: transposing the weights costs little, and the forward kernel then computes the gradient.
    if outputs < 16 {
      if masks.output { Rectifier.mask(dy, where: y, pass: pass) }
      pass.team.split(inputPanels, grain: 2) { transpose(parameters, panels: $0, into: pass.scratch) }
      return pass.team.split(pass.rows, grain: 4) {
        inputGradient(x: x, dy: dy, dx: dx, transposed: pass.scratch, rows: $0, masks: masks)
      }
    }
    pass.team.split(pass.rows, grain: 16) {
      if masks.output { Rectifier.mask(dy, where: y, rows: $0) }
      transposeOutputGradient(dy, rows: $0, pass: pass)
    }
    transposedInputGradient(x: x, dx: dx, parameters: parameters, masks: masks, pass: pass)
  }

  package func transposesOutputGradient(_ masks: GradientMasks) -> Bool { outputs >= 16 && !masks.output }

  package func transposeOutputGradient(_ dy: Activations, rows: Range<Int>, pass: Pass) {
    let columns = kernel_range(begin: 0, end: paddedToPanel(outputs))
    for row in stride(from: rows.lowerBound, to: rows.upperBound, by: 16) {
      kernel_transpose(
        dy.row(row), dy.stride, pass.scratch + row * columns.end, 16, min(16, rows.upperBound - row), columns)
    }
  }

  package func transposedInputGradient(
    x: Activations, dx: Activations, parameters: UnsafePointer<Float>, masks: GradientMasks, pass: Pass
  ) {
    let (rows, inputs, outputs) = (pass.rows, inputs, outputs)
    let dyTransposed = pass.scratch
    let dxTransposed = dyTransposed + paddedToPanel(outputs) * paddedToPanel(rows)
    let kernel = kernel_dense_backward(
      dy_t: dyTransposed, weights: parameters, inputs: inputs, outputs: outputs, rows: rows,
      dx_t: dxTransposed, dx: dx.mutableMatrix)
    pass.team.split(inputs, grain: 32, pieces: 2) {
      kernel_dense_input_gradient(kernel, $0.kernel)
      if masks.input { Rectifier.mask(dx, where: x, rows: rows, columns: $0.kernel) }
    }
  }

  /// Threads divide the outputs as in the forward pass, so that a thread finds the weights it updated in its cache.
  /// Ranks divide the longer side, so that each reads only its own share of it.
  package func weightGradient(
    x: Activations, dy: Activations, microBatches: MicroBatches, into gradient: GradientSlice, share: Share,
    part: Share, thread: Int
  ) -> Bool {
    let x = x.matrix(for: thread)
    let isWide = inputs > outputs && share.count > 1
    let (outputShare, inputShare) = isWide ? (part, share) : (share.part(part), .whole)
    let splitsOutputs = splitsOutputs(over: outputShare.count)
    let ownPanels = splitsOutputs ? outputShare.range(of: panels, grain: 2) : 0..<panels
    return inputRanges(of: splitsOutputs ? inputShare : share.part(part)).allSatisfy { ownInputs in
      guard !ownInputs.isEmpty, !ownPanels.isEmpty else { return true }
      return WeightGradient(slice: gradient) { sink, limit in
        microBatches.withKernel {
          kernel_dense_weight_gradient(
            kernel_dense_gradient(x: x, dy: dy.matrix, inputs: inputs, sink: sink), $0, limit,
            ownInputs.kernel,
            ownPanels.kernel)
        }
      } fast: { sink in
        kernel_dense_weight_gradient_fast(
          kernel_dense_gradient(x: x, dy: dy.matrix, inputs: inputs, sink: sink), microBatches.rows,
          ownInputs.kernel, ownPanels.kernel)
      } grid: { sink, grid in
        microBatches.withKernel {
          kernel_dense_weight_gradient_grid(
            kernel_dense_gradient(x: x, dy: dy.matrix, inputs: inputs, sink: sink), $0, grid,
            ownInputs.kernel, ownPanels.kernel)
        }
      }.run()
    }
  }

  /// A share of inputs and bias as two ranges, half of the inputs apart: the middle of an image is more work than its
  /// zero border.
  private func inputRanges(of share: Share) -> [Range<Int>] {
    if share.count == 1 { return [0..<inputs + 1] }
    return (0..<2).map {
      Share(index: share.index + $0 * share.count, count: 2 * share.count).range(of: inputs + 1, grain: 16)
    }
  }
}
