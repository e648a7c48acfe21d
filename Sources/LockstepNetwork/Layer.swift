import LockstepData

/// One layer: its formula, its shapes, its tensors. It knows nothing of its neighbours, of ranks, of optimizers.
///
/// A layer owns no memory. Its parameters are a range of the network's one flat buffer, in the layout that its kernels
/// want; `tensors` says where each element of PyTorch's layout lies in it.
package protocol Layer: Sendable {
  /// One sample's output.
  var output: FeatureLayout { get }
  /// Floats in the flat buffer, padding included: a multiple of 16.
  var parameterCount: Int { get }
  /// The parameters as PyTorch names and shapes them, relative to the layer.
  var tensors: [ParameterTensor] { get }
  /// Multiplications and additions of a sample's forward pass, counted as two.
  var flopsPerSample: Int { get }
  /// Floats of scratch memory that a pass over `rows` samples uses.
  func scratchCount(rows: Int) -> Int

  /// Its forward and backward pass.
  var passes: LayerPasses { get }
  /// The same layer with a ReLU as the last part of its formula, where it can have one.
  var rectified: (any Layer)? { get }
  /// Whether it is a ReLU and nothing else.
  var isReLU: Bool { get }
}

/// How the passes of a layer are divided.
package enum LayerPasses {
  /// Sample by sample.
  case byRows(any RowwiseLayer)
  /// By inputs or outputs: all samples meet in one product of matrices.
  case byFeatures(any DividedLayer)
}

extension Layer {
  package var outputShape: [Int] { output.shape }
  package var parameterCount: Int { 0 }
  package var tensors: [ParameterTensor] { [] }
  package var flopsPerSample: Int { 0 }
  package func scratchCount(rows: Int) -> Int { 0 }
  package var rectified: (any Layer)? { nil }
  package var isReLU: Bool { false }
}
