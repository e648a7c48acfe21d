import CKernels

/// A chain of layers over one flat buffer of parameters. Holds no memory of its own: `Parameters` and `Workspace` do.
public final class Network: Sendable {
  public let inputShape: [Int]
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

  public var inputFeatures: Int { inputShape.reduce(1, *) }
  public var classes: Int { layers.last?.outputShape.first ?? 0 }

  /// Builds the layers, fusing each ReLU into the dense layer before it. The last layer's outputs are the logits.
  public init(inputShape: [Int], specification: [LayerSpecification]) {
    precondition(!specification.isEmpty)
    var layers: [any Layer] = []
    var names: [String] = []
    var shape = inputShape
    var index = 0
    while index < specification.count {
      names.append("layers.\(index)")
      switch specification[index] {
      case .dense(let outputs):
        let fuses = index + 1 < specification.count && specification[index + 1] == .relu
        layers.append(Dense(inputs: shape.reduce(1, *), outputs: outputs, fusesReLU: fuses))
        index += fuses ? 2 : 1
      case .relu:
        layers.append(ReLU(shape: shape))
        index += 1
      }
      shape = layers.last!.outputShape
    }
    var offsets: [Int] = []
    var count = 0
    var tensors: [ParameterTensor] = []
    for (layer, name) in zip(layers, names) {
      offsets.append(count)
      tensors += layer.tensors.map { $0.placed(prefix: name + ".", offset: offsets.last!) }
      count += layer.parameterCount
    }
    self.inputShape = inputShape
    self.specification = specification
    self.layers = layers
    self.offsets = offsets
    self.names = names
    self.parameterCount = count
    self.tensors = tensors
  }

  /// Fills `workspace.logits` from `workspace.input`.
  public func forward(_ parameters: Parameters, _ workspace: Workspace, pass: Pass) {
    for (i, layer) in layers.enumerated() {
      layer.forward(
        workspace.activations[i], to: workspace.activations[i + 1],
        parameters: parameters.pointer + offsets[i], pass: pass)
    }
  }

  /// Back-propagates `workspace.logitsGradient` and fills `gradient`, or applies `update` at once where one is given.
  /// Returns the names of layers whose gradient is NaN or too large to sum exactly.
  public func backward(
    _ parameters: Parameters, _ workspace: Workspace, into gradient: GradientSum,
    applying update: kernel_update? = nil, pass: Pass
  ) -> [String] {
    var failures: [String] = []
    for (i, layer) in layers.enumerated().reversed() {
      let finite = layer.backward(
        x: workspace.activations[i], y: workspace.activations[i + 1], dy: workspace.gradients[i + 1],
        dx: i > 0 ? workspace.gradients[i] : nil, parameters: parameters.pointer + offsets[i],
        gradient: gradient.slice(at: offsets[i], applying: update), pass: pass)
      if !finite { failures.append(names[i]) }
    }
    return failures.reversed()
  }
}
