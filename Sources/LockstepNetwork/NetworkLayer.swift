import LockstepData

/// One layer: its formula, shapes and tensors. It knows nothing of its neighbours, of ranks or optimizers.
///
/// A layer owns no memory. Its parameters are a range of the network's flat buffer, in the layout that its kernels
/// need; `tensors` maps PyTorch's layout to it.
package protocol NetworkLayer: Sendable {
  /// One sample's output.
  var output: FeatureLayout { get }
  /// Floats in the flat buffer, padding included: a multiple of 16, and more than weights and biases (`tensors`).
  var paddedParameterCount: Int { get }
  /// The parameters as PyTorch names and shapes them, relative to the layer.
  var tensors: [ParameterTensor] { get }
  /// Floating-point operations of a sample's forward pass: a multiply-add counts as two.
  var flopsPerSample: Int { get }
  /// Floats of scratch memory that a pass over `rows` samples uses.
  func scratchCount(rows: Int) -> Int

  /// Appends its forward pass, as in evaluation, to a graph of ONNX operators.
  func append(to graph: inout OperatorGraph)

  /// Its forward and backward pass.
  var passes: LayerPasses { get }
  /// The same layer followed by a ReLU, if it can compute both at once.
  var rectified: (any NetworkLayer)? { get }
  /// Whether it is a ReLU and nothing else.
  var isReLU: Bool { get }
  /// Whether a scaling of its output channels can be made part of its parameters.
  var scalesOutputs: Bool { get }
  /// Does so: of 16 channels in turn, `scaling` has what multiplies them, then what is added.
  func scaleOutputs(_ parameters: UnsafeMutablePointer<Float>, by scaling: UnsafePointer<Float>)
}

/// How the passes of a layer are divided.
package enum LayerPasses {
  /// Sample by sample.
  case byRows(any RowwiseLayer)
  /// By inputs or outputs: all samples are in one matrix product.
  case byFeatures(any DividedLayer)
  /// A micro-batch at a time.
  case byMicroBatches(any MicroBatchLayer)
  /// Of several inputs, sample by sample.
  case merging(any MergingLayer)
}

extension NetworkLayer {
  package var outputShape: [Int] { output.shape }
  package var paddedParameterCount: Int { 0 }
  package var tensors: [ParameterTensor] { [] }
  package var flopsPerSample: Int { 0 }
  package func scratchCount(rows: Int) -> Int { 0 }
  package var rectified: (any NetworkLayer)? { nil }
  package var isReLU: Bool { false }
  package var scalesOutputs: Bool { false }
  package func scaleOutputs(_ parameters: UnsafeMutablePointer<Float>, by scaling: UnsafePointer<Float>) {}
}
