import LockstepData
import LockstepSupport

/// Layers, each after its inputs, over one flat buffer: what is trained, then the state, which is not. It holds no
/// memory of its own: `Parameters` and `Workspace` do. `FusionPlan` decides how it is computed.
public final class Network: Sendable {
  /// The shape of one sample: [features], [height, width] or [channels, height, width].
  public let inputShape: [Int]
  package let input: FeatureLayout
  /// The layers as they were given.
  public let specification: [LayerSpecification]
  /// In an order in which each comes after its inputs.
  package let layers: [any NetworkLayer]
  /// What each takes: 0 is the network's input, n + 1 the output of layer n.
  package let inputs: [[Int]]
  /// Where each layer's parameters start in the flat buffer.
  package let offsets: [Int]
  /// Where each layer's part of the state starts in the state.
  package let stateOffsets: [Int]
  /// Each layer's number among all that the specification lists, those in blocks too; flatten is no layer.
  package let positions: [Int]
  /// "layers.0" and so on, as torch.nn.Sequential names a layer by its position; in blocks "layers.3.body.0".
  package let names: [String]
  /// What `table` shows.
  let outline: [OutlineEntry]
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
      inputShape: inputShape, input: input, specification: specification, nodes: builder.nodes,
      outline: builder.outline)
  }

  /// A chain of any layers, each of which must fit the output of the one before, and what a builder has made of the
  /// last one's output. For tests of single layers.
  package convenience init(
    input: FeatureLayout, layers: [any NetworkLayer], then nodes: [NetworkNode] = []
  ) {
    let chain = layers.enumerated().map {
      NetworkNode(layer: $1, inputs: [$0], name: "layers.\($0)", position: $0)
    }
    self.init(
      inputShape: input.shape, input: input, specification: [],
      nodes: chain
        + nodes.map { node in
          NetworkNode(
            layer: node.layer, inputs: node.inputs.map { $0 + chain.count }, name: "then.\(node.name)",
            position: node.position + chain.count)
        }, outline: [])
  }

  private init(
    inputShape: [Int], input: FeatureLayout, specification: [LayerSpecification], nodes: [NetworkNode],
    outline: [OutlineEntry]
  ) {
    var (offsets, count, tensors) = ([Int](), 0, [ParameterTensor]())
    var (stateOffsets, stateCount) = ([Int](), 0)
    for node in nodes {
      offsets.append(count)
      tensors += node.layer.tensors.map { $0.placed(prefix: node.name + ".", offset: offsets.last!) }
      count += node.layer.paddedParameterCount
      stateOffsets.append(stateCount)
      stateCount += node.layer.microBatchLayer?.runningStatistics.count ?? 0
    }
    stateTensors = zip(nodes, stateOffsets).flatMap { node, offset in
      (node.layer.microBatchLayer?.runningStatistics.tensors ?? []).map {
        $0.placed(prefix: node.name + ".", offset: count + offset)
      }
    }
    (self.stateOffsets, paddedStateCount) = (stateOffsets, stateCount)
    (self.inputShape, self.input, self.specification) = (inputShape, input, specification)
    layers = nodes.map(\.layer)
    inputs = nodes.map(\.inputs)
    names = nodes.map(\.name)
    positions = nodes.map(\.position)
    (self.outline, self.offsets, self.tensors, paddedParameterCount) = (outline, offsets, tensors, count)
  }

  /// How many layers take a value, by its number; a layer that takes it twice counts twice.
  func consumerCount(of value: Int) -> Int { inputs.joined().count { $0 == value } }
}

/// A layer in a network.
package struct NetworkNode {
  let layer: any NetworkLayer
  let inputs: [Int]
  let name: String
  let position: Int
}
