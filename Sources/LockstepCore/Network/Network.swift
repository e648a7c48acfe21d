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
  /// The layers, those in a row that work on every sample by itself taken together.
  private let stages: [NetworkStage]

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
    stages = NetworkStage.stages(of: builder.layers)
  }

  /// Floats that a sample of layer i's input takes.
  func inputCount(of i: Int) -> Int { i == 0 ? inputFeatures : layers[i - 1].output.count }

  /// Floats of scratch memory that a pass over `rows` samples uses.
  func scratchCount(rows: Int) -> Int {
    stages.map { layers[$0.range].reduce(0) { $0 + $1.scratchCount(rows: rows) } }.max() ?? 0
  }

  /// Whether every thread reads the whole input, so that it pays to make each a copy of its own.
  func readsWholeInput(on team: ThreadTeam) -> Bool {
    team.count > 1 && (layers.first as? Dense)?.splitsOutputs(over: team.count) == true
  }

  /// Fills `workspace.logits` from `workspace.input`.
  public func forward(_ parameters: Parameters, _ workspace: Workspace, pass: Pass) {
    for stage in stages {
      switch stage {
      case .rowwise(let layers, let first):
        chain(layers, from: first, parameters, workspace, pass).forward()
      case .single(let layer, let i):
        layer.forward(
          workspace.activations[i], to: workspace.activations[i + 1],
          parameters: parameters.pointer + offsets[i], pass: pass)
      }
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
    for stage in stages.reversed() where stage.range.upperBound > firstLearning {
      switch stage {
      case .rowwise(let layers, let first):
        let learning = layers.dropFirst(max(firstLearning - first, 0))
        let from = max(first, firstLearning)
        let gradients = zip(offsets[from...], learning).map { gradient.slice(at: $0.0, applying: update) }
        let areFinite = chain(Array(learning), from: from, parameters, workspace, pass).backward(
          into: gradients)
        failures += zip(names[from...], areFinite).filter { !$0.1 }.map(\.0).reversed()
      case .single(let layer, let i):
        let (y, dy) = (workspace.activations[i + 1], workspace.gradients[i + 1])
        let dx = i > firstLearning ? workspace.gradients[i] : nil
        if late.contains(i), let layer = layer as? any DividedLayer {
          layer.inputGradient(y: y, dy: dy, dx: dx, parameters: parameters.pointer + offsets[i], pass: pass)
          continue
        }
        let isFinite = layer.backward(
          x: workspace.activations[i], y: y, dy: dy, dx: dx, parameters: parameters.pointer + offsets[i],
          gradient: gradient.slice(at: offsets[i], applying: update), pass: pass)
        if !isFinite { failures.append(names[i]) }
      }
    }
    return failures.reversed()
  }

  private func chain(
    _ layers: [any RowwiseLayer], from first: Int, _ parameters: Parameters, _ workspace: Workspace,
    _ pass: Pass
  ) -> RowwiseChain {
    let learns = !workspace.gradients.isEmpty
    let links = layers.enumerated().map { offset, layer in
      let i = first + offset
      return RowwiseChain.Link(
        layer: layer, x: workspace.activations[i], y: workspace.activations[i + 1],
        parameters: parameters.pointer + offsets[i], dy: learns ? workspace.gradients[i + 1] : nil,
        dx: learns && i > firstLearning ? workspace.gradients[i] : nil)
    }
    return RowwiseChain(links, pass: pass)
  }
}
