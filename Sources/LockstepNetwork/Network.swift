import LockstepData
import LockstepSupport

/// A chain of layers over one flat buffer: what is trained, then the state, which is not. It holds no memory of its own:
/// `Parameters` and `Workspace` do. `FusionPlan` decides how it is computed.
public final class Network: Sendable {
  /// The shape of one sample: [features], [height, width] or [channels, height, width].
  public let inputShape: [Int]
  package let input: FeatureLayout
  /// The layers as they were given.
  public let specification: [LayerSpecification]
  package let layers: [any NetworkLayer]
  /// Where each layer's parameters start in the flat buffer.
  package let offsets: [Int]
  /// Where each layer's part of the state starts in the state.
  package let stateOffsets: [Int]
  /// Each layer's position in the specification; flatten is no layer.
  package let positions: [Int]
  /// "layers.0" and so on, as torch.nn.Sequential names a layer by its position.
  package var names: [String] { positions.map { "layers.\($0)" } }
  /// Floats of the parameters in the flat buffer, padding included: a multiple of 16. `tensors` has the counts without
  /// padding.
  package let paddedParameterCount: Int
  /// Those of the state, which follows them.
  package let paddedStateCount: Int
  package var bufferCount: Int { paddedParameterCount + paddedStateCount }
  /// All parameters, in the order of the layers.
  public let tensors: [ParameterTensor]
  /// What is saved and digested with the parameters but not trained: running means and variances.
  public let stateTensors: [ParameterTensor]
  package var savedTensors: [ParameterTensor] { tensors + stateTensors }

  package var inputFeatures: Int { input.count }
  /// The number of logits a sample.
  public var classes: Int { layers.last?.outputShape.first ?? 0 }

  /// Builds the layers; see `NetworkBuilder`. The last layer's outputs are the logits. `inputShape` is [n], [height,
  /// width] or [channels, height, width].
  ///
  /// Throws `LockstepError` (usage) naming the layer that no recipe could contain, that does not fit its input, or that
  /// takes the network over `mostParameters`.
  public convenience init(
    inputShape: [Int], specification: [LayerSpecification], classes: Int, mostParameters: Int = 1 << 31
  )
    throws
  {
    try NetworkBuilder.check(inputShape: inputShape, classes: classes)
    let input = FeatureLayout(sampleShape: inputShape)
    var builder = NetworkBuilder(input: input, classes: classes, mostParameters: mostParameters)
    try builder.add(specification)
    try builder.requireLogits()
    self.init(
      inputShape: inputShape, input: input, specification: specification, layers: builder.layers,
      positions: builder.positions)
  }

  /// A chain of any layers, each of which must fit the output of the one before. For tests of single layers.
  package convenience init(input: FeatureLayout, layers: [any NetworkLayer]) {
    self.init(
      inputShape: input.shape, input: input, specification: [], layers: layers,
      positions: Array(layers.indices)
    )
  }

  private init(
    inputShape: [Int], input: FeatureLayout, specification: [LayerSpecification], layers: [any NetworkLayer],
    positions: [Int]
  ) {
    var offsets: [Int] = []
    var count = 0
    var tensors: [ParameterTensor] = []
    var (stateOffsets, stateCount) = ([Int](), 0)
    for (layer, position) in zip(layers, positions) {
      offsets.append(count)
      tensors += layer.tensors.map { $0.placed(prefix: "layers.\(position).", offset: offsets.last!) }
      count += layer.paddedParameterCount
      stateOffsets.append(stateCount)
      stateCount += (layer as? any MicroBatchLayer)?.runningStatistics.count ?? 0
    }
    stateTensors = zip(layers, zip(positions, stateOffsets)).flatMap { layer, place in
      ((layer as? any MicroBatchLayer)?.runningStatistics.tensors ?? []).map {
        $0.placed(prefix: "layers.\(place.0).", offset: count + place.1)
      }
    }
    (self.stateOffsets, paddedStateCount) = (stateOffsets, stateCount)
    self.inputShape = inputShape
    self.input = input
    self.specification = specification
    self.layers = layers
    self.positions = positions
    self.offsets = offsets
    self.paddedParameterCount = count
    self.tensors = tensors
  }
}
