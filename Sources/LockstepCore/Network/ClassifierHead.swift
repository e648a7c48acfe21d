/// The last layer, where it has few outputs: it, the loss, and the way back through it go by rows, in one job of the team.
/// Each of them alone is less work than what the threads would wait for each other in between.
package struct ClassifierHead {
  let layer: Dense
  let x: Activations
  let logits: Activations
  let logitsGradient: Activations
  /// Nil where no layer below learns.
  let dx: Activations?
  let parameters: UnsafePointer<Float>
  /// The layer's weights, turned.
  let turned: ThreadCopies
  /// The layer below, where it wants its dy transposed.
  let below: Dense?
  let pass: Pass

  /// Where blocks of rows begin.
  static let grain = 16

  /// The layer's weights have changed.
  func renew() {
    turned.renew { [layer, parameters] in layer.turn(parameters, panels: 0..<layer.inputPanels, into: $0) }
  }

  /// Fills rows of the logits.
  func forward(_ rows: Range<Int>, thread: Int) {
    layer.forward(x, to: logits, parameters: parameters, rows: rows, panels: 0..<layer.panels, thread: thread)
  }

  /// Takes rows of the loss's gradient back.
  func backward(_ rows: Range<Int>, thread: Int) {
    guard let dx else { return }
    layer.turnedInputGradient(
      x: x, dy: logitsGradient, dx: dx, turned: turned.pointer(on: thread), rows: rows)
    below?.transposeOutputGradient(dx, rows: rows, pass: pass)
  }
}
