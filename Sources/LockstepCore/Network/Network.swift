import CKernels

/// A chain of layers over one flat buffer of parameters. Holds no memory of its own: `Parameters` and `Workspace` do.
public final class Network: Sendable {
  public let inputShape: [Int]
  public let input: FeatureLayout
  public let specification: [LayerSpecification]
  public let layers: [any Layer]
  /// Where each layer's parameters start in the flat buffer.
  public let offsets: [Int]
  /// "layers.0" and so on: a layer's place in the specification, as in torch.nn.Sequential.
  public let names: [String]
  /// Floats in the flat buffer: a multiple of 16.
  public let parameterCount: Int
  /// All parameters, in the order of the layers.
  public let tensors: [ParameterTensor]
  /// The first layer that has parameters: no gradient need go further down.
  private let firstLearning: Int

  public var inputFeatures: Int { input.count }
  public var classes: Int { layers.last?.outputShape.first ?? 0 }

  /// Builds the layers; see `NetworkBuilder`. The last layer's outputs are the logits.
  ///
  /// Throws `LockstepError` (usage) naming the layer that does not fit what comes before it, or that takes the network
  /// over `mostParameters`.
  public init(
    inputShape: [Int], specification: [LayerSpecification], classes: Int, mostParameters: Int = 1 << 31
  )
    throws
  {
    let input = FeatureLayout(sampleShape: inputShape)
    var builder = NetworkBuilder(input: input, classes: classes, mostParameters: mostParameters)
    try builder.add(specification)
    var offsets: [Int] = []
    var count = 0
    var tensors: [ParameterTensor] = []
    for (layer, name) in zip(builder.layers, builder.names) {
      offsets.append(count)
      tensors += layer.tensors.map { $0.placed(prefix: name + ".", offset: offsets.last!) }
      count += layer.parameterCount
    }
    self.inputShape = inputShape
    self.input = input
    self.specification = specification
    self.layers = builder.layers
    self.names = builder.names
    self.offsets = offsets
    self.parameterCount = count
    self.tensors = tensors
    firstLearning = builder.layers.firstIndex { $0.parameterCount > 0 } ?? 0
  }

  /// Floats that a sample of layer i's input takes.
  func inputCount(of i: Int) -> Int { i == 0 ? inputFeatures : layers[i - 1].output.count }

  /// Fills `workspace.logits` from `workspace.input`.
  public func forward(_ parameters: Parameters, _ workspace: Workspace, pass: Pass) {
    for (i, layer) in layers.enumerated() {
      layer.forward(
        workspace.activations[i], to: workspace.activations[i + 1],
        parameters: parameters.pointer + offsets[i], pass: pass)
    }
  }

  /// Back-propagates `workspace.logitsGradient` and fills `gradient`, or applies `update` at once where one is given.
  /// The weight gradients of `late` layers, which must be `DividedLayer`s, are left to `weightGradient`.
  /// Returns the names of layers whose gradient is NaN or too large to sum exactly.
  public func backward(
    _ parameters: Parameters, _ workspace: Workspace, into gradient: GradientSum,
    applying update: kernel_update? = nil, late: Set<Int> = [], pass: Pass
  ) -> [String] {
    var failures: [String] = []
    for (i, layer) in layers.enumerated().reversed() where i >= firstLearning {
      if late.contains(i), let layer = layer as? any DividedLayer {
        layer.inputGradient(
          y: workspace.activations[i + 1], dy: workspace.gradients[i + 1],
          dx: i > firstLearning ? workspace.gradients[i] : nil, parameters: parameters.pointer + offsets[i],
          pass: pass)
        continue
      }
      let finite = layer.backward(
        x: workspace.activations[i], y: workspace.activations[i + 1], dy: workspace.gradients[i + 1],
        dx: i > firstLearning ? workspace.gradients[i] : nil, parameters: parameters.pointer + offsets[i],
        gradient: gradient.slice(at: offsets[i], applying: update), pass: pass)
      if !finite { failures.append(names[i]) }
    }
    return failures.reversed()
  }
}
