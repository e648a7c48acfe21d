import LockstepData
import LockstepSupport

/// A chain of layers over one flat buffer of parameters. Holds no memory of its own: `Parameters` and `Workspace` do.
/// How it is computed is `FusionPlan`'s to say.
public final class Network: Sendable {
  public let inputShape: [Int]
  package let input: FeatureLayout
  public let specification: [LayerSpecification]
  package let layers: [any Layer]
  /// Where each layer's parameters start in the flat buffer.
  package let offsets: [Int]
  /// Each layer's place in the specification; flatten is no layer.
  package let positions: [Int]
  /// "layers.0" and so on: the place, as torch.nn.Sequential names a layer.
  package var names: [String] { positions.map { "layers.\($0)" } }
  /// Floats in the flat buffer: a multiple of 16.
  package let parameterCount: Int
  /// All parameters, in the order of the layers.
  public let tensors: [ParameterTensor]

  package var inputFeatures: Int { input.count }
  public var classes: Int { layers.last?.outputShape.first ?? 0 }

  /// Builds the layers; see `NetworkBuilder`. The last layer's outputs are the logits. `inputShape` is [n], [height,
  /// width] or [channels, height, width].
  ///
  /// Throws `LockstepError` (usage) naming the layer that no recipe could hold, that does not fit what comes before it,
  /// or that takes the network over `mostParameters`.
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

  /// A chain of any layers, each of which must take what the one before puts out. For tests of layers by themselves.
  package convenience init(input: FeatureLayout, layers: [any Layer]) {
    self.init(
      inputShape: input.shape, input: input, specification: [], layers: layers,
      positions: Array(layers.indices)
    )
  }

  private init(
    inputShape: [Int], input: FeatureLayout, specification: [LayerSpecification], layers: [any Layer],
    positions: [Int]
  ) {
    var offsets: [Int] = []
    var count = 0
    var tensors: [ParameterTensor] = []
    for (layer, position) in zip(layers, positions) {
      offsets.append(count)
      tensors += layer.tensors.map { $0.placed(prefix: "layers.\(position).", offset: offsets.last!) }
      count += layer.parameterCount
    }
    self.inputShape = inputShape
    self.input = input
    self.specification = specification
    self.layers = layers
    self.positions = positions
    self.offsets = offsets
    self.parameterCount = count
    self.tensors = tensors
  }
}
