import LockstepData

/// A layer that works sample by sample. Its passes return closures that one thread calls for some rows: what is the
/// same for all rows is computed once.
package protocol RowwiseLayer: NetworkLayer {
  /// y = f(x), `[rows, in] -> [rows, out]`.
  func rowwiseForward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass)
    -> (_ rows: Range<Int>) -> Void

  /// Given dL/dy, takes `dy` back through the layer's own activation, in place, and writes dL/dx if `dx` is not nil.
  func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  )
    -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void

  /// The gradient of the parameters, still to be summed; nil if there are none.
  func weightGradient(x: Activations, parameters: UnsafePointer<Float>, pass: Pass)
    -> (any RowwiseWeightGradient)?
}

/// The gradient of a layer's parameters, summed over rows: one chain a micro-batch, each in the order of its rows.
package protocol RowwiseWeightGradient {
  /// Whether `add` can be used, which needs room for all sums at once.
  var canAdd: Bool { get }
  /// Adds rows to a chain, which begins with its first row, on the calling thread. `dy` is as `inputGradient` left it.
  func add(_ rows: Range<Int>, dy: Activations, to chain: Int)
  /// Writes what was added, on all threads. Returns false if a gradient is NaN or too large to sum exactly.
  func finish(into gradient: GradientSlice) -> Bool
  /// Both for all rows, on all threads.
  func run(dy: Activations, into gradient: GradientSlice) -> Bool
}

/// One that has room for all sums, and whose chains are those of its pass.
protocol ChainedWeightGradient: RowwiseWeightGradient {
  var pass: Pass { get }
  var chains: [Range<Int>] { get }
}

extension ChainedWeightGradient {
  package var canAdd: Bool { true }

  package func run(dy: Activations, into gradient: GradientSlice) -> Bool {
    pass.team.split(chains.count, pieces: chains.count) {
      for chain in $0 { add(chains[chain], dy: dy, to: chain) }
    }
    return finish(into: gradient)
  }
}

extension RowwiseLayer {
  package var passes: LayerPasses { .byRows(self) }
  package func weightGradient(x: Activations, parameters: UnsafePointer<Float>, pass: Pass)
    -> (any RowwiseWeightGradient)?
  { nil }
}
