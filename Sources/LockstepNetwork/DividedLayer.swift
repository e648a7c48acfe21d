import LockstepData
import LockstepSupport

/// A layer whose passes are divided by inputs or outputs. The second half of its backward pass, the gradient of the
/// parameters, can be deferred and divided among ranks and threads: each sums its share of the parameters over all
/// samples.
package protocol DividedLayer: NetworkLayer {
  /// y = f(x), `[rows, in] -> [rows, out]`.
  func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass)
  /// Whether each of so many threads reads all of x.
  func readsWholeInput(threads: Int) -> Bool

  /// Given dL/dy, writes dL/dx if `dx` is not nil, `[rows, out] -> [rows, in]`, back through the ReLUs that `masks`
  /// names.
  func inputGradient(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    masks: GradientMasks, pass: Pass)

  /// Computes a thread's part of a rank's share of the parameters' gradient, on thread number `thread`, which calls.
  /// `dy` is as `inputGradient` left it. Returns false if a gradient is NaN or too large to sum exactly.
  func weightGradient(
    x: Activations, dy: Activations, microBatches: MicroBatches, into gradient: GradientSlice, share: Share,
    part: Share, thread: Int
  ) -> Bool

  /// The same layer, if it has so few outputs that its passes can go by rows too.
  var byRows: (any NarrowLayer)? { get }

  /// Whether `inputGradient` consists of `transposeOutputGradient`, which goes by rows, and `transposedInputGradient`.
  func transposesOutputGradient(_ masks: GradientMasks) -> Bool
  /// Transposes rows of dy for `transposedInputGradient`, on the calling thread. They begin at a multiple of 16.
  func transposeOutputGradient(_ dy: Activations, rows: Range<Int>, pass: Pass)
  /// Writes dL/dx on all threads.
  func transposedInputGradient(
    x: Activations, dx: Activations, parameters: UnsafePointer<Float>, masks: GradientMasks, pass: Pass)
}

/// Which ReLUs the gradient goes back through in a layer's backward pass.
package struct GradientMasks: Equatable, Sendable {
  /// The layer's own: dy is not yet zero where y is.
  package var output: Bool
  /// That of the layer before, whose output is x: dx must be zero where x is.
  package var input: Bool

  package init(output: Bool = false, input: Bool = false) { (self.output, self.input) = (output, input) }
}

/// A layer with few outputs, computed some rows at a time.
package protocol NarrowLayer: Sendable {
  /// Fills rows of y on thread number `thread`, which calls.
  func forward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, rows: Range<Int>, thread: Int)

  /// Floats of the transposed weights.
  var transposedCount: Int { get }
  /// The weights as `inputGradient` takes them.
  func transpose(_ parameters: UnsafePointer<Float>, into transposed: UnsafeMutablePointer<Float>)
  /// Writes rows of dL/dx on the calling thread.
  func inputGradient(
    x: Activations, dy: Activations, dx: Activations, transposed: UnsafePointer<Float>, rows: Range<Int>,
    masks: GradientMasks)
}

extension DividedLayer {
  package var passes: LayerPasses { .byFeatures(self) }
}
