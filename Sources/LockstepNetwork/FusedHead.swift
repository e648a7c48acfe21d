import LockstepData

/// The last layer, if it has few outputs, fused with the loss: forward, loss and backward go by rows in one job of the
/// team. Each alone is less work than the threads would spend waiting for each other in between.
struct FusedHead {
  let layer: any NarrowLayer
  let x: Activations
  let logits: Activations
  let logitsGradient: Activations
  /// nil if no layer below learns.
  let dx: Activations?
  let parameters: UnsafePointer<Float>
  let masks: GradientMasks
  /// The layer's weights, transposed.
  let transposed: ThreadCopies
  /// The layer below, if it needs its dy transposed.
  let below: (any DividedLayer)?
  let pass: Pass

  /// Blocks of rows begin at multiples of this.
  static let grain = 16

  /// To be called when the layer's weights have changed.
  func renewWeights() {
    transposed.renew { [layer, parameters] in layer.transpose(parameters, into: $0) }
  }

  /// Fills rows of the logits.
  func forward(_ rows: Range<Int>, thread: Int) {
    layer.forward(x, to: logits, parameters: parameters, rows: rows, thread: thread)
  }

  /// Back-propagates rows of the loss's gradient.
  func backward(_ rows: Range<Int>, thread: Int) {
    guard let dx else { return }
    layer.inputGradient(
      x: x, dy: logitsGradient, dx: dx, transposed: transposed.readied(for: thread), rows: rows, masks: masks)
    below?.transposeOutputGradient(dx, rows: rows, pass: pass)
  }
}
