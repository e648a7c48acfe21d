import LockstepData

/// A layer that works on every sample by itself. Its passes are closures over some of the rows, for one thread to call:
/// what is alike for all rows is settled once.
package protocol RowwiseLayer: Layer {
  /// y = f(x), `[rows, in] -> [rows, out]`.
  func rowwiseForward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass)
    -> (_ rows: Range<Int>) -> Void

  /// Given dL/dy, takes `dy` back through the layer's own activation, in place, and writes dL/dx where `dx` is asked
  /// for.
  func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  )
    -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void

  /// The gradient of the parameters, still to be summed; nil where there are none.
  func weightGradient(x: Activations, pass: Pass) -> (any RowwiseWeightGradient)?
}

/// The gradient of a layer's parameters, summed over rows: one chain a micro-batch, each in the order of its rows.
package protocol RowwiseWeightGradient {
  /// Whether `add` can be used: there is room for all sums at once.
  var canAdd: Bool { get }
  /// Adds rows to a chain, which begins with its first row, on the calling thread. `dy` is what `inputGradient` left.
  func add(_ rows: Range<Int>, dy: Activations, to chain: Int)
  /// Hands on what was added, on all threads. Returns false where a gradient is NaN or too large to sum exactly.
  func finish(into gradient: GradientSlice) -> Bool
  /// Both for all rows, on all threads.
  func run(dy: Activations, into gradient: GradientSlice) -> Bool
}

extension RowwiseLayer {
  package var passes: LayerPasses { .byRows(self) }
  package func weightGradient(x: Activations, pass: Pass) -> (any RowwiseWeightGradient)? { nil }
}
