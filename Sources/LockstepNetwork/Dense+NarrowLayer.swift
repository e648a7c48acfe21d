import CKernels
import LockstepData

extension Dense: NarrowLayer {
  package var byRows: (any NarrowLayer)? { outputs < 16 && !isRectified ? self : nil }

  package func forward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, rows: Range<Int>, thread: Int
  ) {
    forward(x, to: y, parameters: parameters, rows: rows, panels: 0..<panels, thread: thread)
  }

  package var transposedCount: Int { inputPanels * 16 * (outputs + 1) }

  package func transpose(_ parameters: UnsafePointer<Float>, into transposed: UnsafeMutablePointer<Float>) {
    transpose(parameters, panels: 0..<inputPanels, into: transposed)
  }

  /// The transposed weights, in panels of 16 inputs, [outputs + 1, 16], with a zero bias.
  func transpose(
    _ parameters: UnsafePointer<Float>, panels: Range<Int>, into transposed: UnsafeMutablePointer<Float>
  ) {
    let panel = (outputs + 1) * 16
    for p in panels {
      (transposed + p * panel).update(repeating: 0, count: panel)
      kernel_transpose(
        parameters + p * 256, 16, transposed + p * panel, 16, min(16, inputs - p * 16),
        kernel_range(begin: 0, end: outputs))
    }
  }

  /// dX = dY W as a forward pass.
  package func inputGradient(
    x: Activations, dy: Activations, dx: Activations, transposed: UnsafePointer<Float>, rows: Range<Int>,
    masks: GradientMasks
  ) {
    kernel_dense_forward(
      kernel_dense(x: dy.matrix, weights: transposed, inputs: outputs, y: dx.mutableMatrix, relu: false),
      rows.kernel, kernel_range(begin: 0, end: inputPanels))
    if masks.input { Rectifier.mask(dx, where: x, rows: rows) }
  }
}
