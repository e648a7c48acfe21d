import LockstepData

/// The last layer, where it has few outputs: it, the loss, and the way back through it go by rows, in one job of the
/// team. Each of them alone is less work than what the threads would wait for each other in between.
struct FusedHead {
  let layer: any NarrowLayer
  let x: Activations
  let logits: Activations
  let logitsGradient: Activations
  /// Nil where no layer below learns.
  let dx: Activations?
  let parameters: UnsafePointer<Float>
  let masks: GradientMasks
  /// The layer's weights, transposed.
  let transposed: ThreadCopies
  /// The layer below, where it wants its dy transposed.
  let below: (any DividedLayer)?
  let pass: Pass

  /// Where blocks of rows begin.
  static let grain = 16

  /// The layer's weights have changed.
  func renewWeights() {
    transposed.renew { [layer, parameters] in layer.transpose(parameters, into: $0) }
  }

  /// Fills rows of the logits.
  func forward(_ rows: Range<Int>, thread: Int) {
    layer.forward(x, to: logits, parameters: parameters, rows: rows, thread: thread)
  }

  /// Takes rows of the loss's gradient back.
  func backward(_ rows: Range<Int>, thread: Int) {
    guard let dx else { return }
    layer.inputGradient(
      x: x, dy: logitsGradient, dx: dx, transposed: transposed.readied(for: thread), rows: rows, masks: masks)
    below?.transposeOutputGradient(dx, rows: rows, pass: pass)
  }
}
