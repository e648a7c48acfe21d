import CKernels

/// A chain of layers over one flat buffer of parameters. Holds no memory of its own: `Parameters` and `Workspace` do.
public final class Network: Sendable {
  public let inputShape: [Int]
  package let input: FeatureLayout
  public let specification: [LayerSpecification]
  package let layers: [any Layer]
  /// Where each layer's parameters start in the flat buffer.
  package let offsets: [Int]
  /// "layers.0" and so on: a layer's place in the specification, as in torch.nn.Sequential.
  package let names: [String]
  /// Floats in the flat buffer: a multiple of 16.
  package let parameterCount: Int
  /// All parameters, in the order of the layers.
  public let tensors: [ParameterTensor]
  /// The first layer that has parameters: no gradient need go further down.
  private let firstLearning: Int
  /// The layers, those in a row that work on every sample by itself taken together.
  private let stages: [NetworkStage]

  package var inputFeatures: Int { input.count }
  public var classes: Int { layers.last?.outputShape.first ?? 0 }

  /// Builds the layers; see `NetworkBuilder`. The last layer's outputs are the logits. `inputShape` is [n], [height,
  /// width] or [channels, height, width].
  ///
  /// Throws `LockstepError` (usage) naming the layer that no recipe could hold, that does not fit what comes before it,
  /// or that takes the network over `mostParameters`.
  public init(
    inputShape: [Int], specification: [LayerSpecification], classes: Int, mostParameters: Int = 1 << 31
  )
    throws
  {
    try NetworkBuilder.check(inputShape: inputShape, classes: classes)
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

  /// The last layer, where it goes together with the loss.
  var headLayer: Dense? { (layers.last as? Dense).flatMap { !$0.fusesReLU && $0.outputs < 16 ? $0 : nil } }

  /// The last layer to go together with the loss, for this pass; nil where it cannot.
  package func head(_ parameters: Parameters, _ workspace: Workspace, pass: Pass) -> ClassifierHead? {
    guard let layer = headLayer, let turned = workspace.turnedWeights else { return nil }
    let i = layers.count - 1
    let below = i - 1 > firstLearning ? layers[i - 1] as? Dense : nil
    let head = ClassifierHead(
      layer: layer, x: workspace.activations[i], logits: workspace.logits,
      logitsGradient: workspace.logitsGradient, dx: i > firstLearning ? workspace.gradients[i] : nil,
      parameters: parameters.pointer + offsets[i], turned: turned,
      below: below.flatMap { $0.transposesOutputGradient ? $0 : nil }, pass: pass)
    head.renew()
    return head
  }

  /// Fills `workspace.logits` from `workspace.input`, or the head's input, which makes the logits.
  package func forward(_ parameters: Parameters, _ workspace: Workspace, pass: Pass) {
    forward(parameters, workspace, upTo: nil, pass: pass)
  }

  package func forward(
    _ parameters: Parameters, _ workspace: Workspace, upTo head: ClassifierHead?, pass: Pass
  ) {
    for stage in stages.dropLast(head == nil ? 0 : 1) {
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
  /// The weight gradients of `late` layers, which must be `DividedLayer`s, are left to the caller.
  /// Returns the names of layers whose gradient is NaN or too large to sum exactly.
  package func backward(
    _ parameters: Parameters, _ workspace: Workspace, into gradient: GradientSum,
    applying update: kernel_update? = nil, late: Set<Int> = [], pass: Pass
  ) -> [String] {
    backward(parameters, workspace, into: gradient, applying: update, late: late, below: nil, pass: pass)
  }

  /// The same where the head has done the last layer's first part.
  package func backward(
    _ parameters: Parameters, _ workspace: Workspace, into gradient: GradientSum,
    applying update: kernel_update? = nil, late: Set<Int> = [], below head: ClassifierHead?, pass: Pass
  ) -> [String] {
    var failures: [Int] = []
    var divided: [(number: Int, gradient: DividedGradient)] = []
    for stage in stages.reversed() where stage.range.upperBound > firstLearning {
      switch stage {
      case .rowwise(let layers, let first):
        let learning = layers.dropFirst(max(firstLearning - first, 0))
        let from = max(first, firstLearning)
        let gradients = zip(offsets[from...], learning).map { gradient.slice(at: $0.0, applying: update) }
        let areFinite = chain(Array(learning), from: from, parameters, workspace, pass).backward(
          into: gradients)
        failures += zip(from..., areFinite).filter { !$1 }.map(\.0)
      case .single(let layer, let i):
        let (x, y, dy) = (workspace.activations[i], workspace.activations[i + 1], workspace.gradients[i + 1])
        let dx = i > firstLearning ? workspace.gradients[i] : nil
        let slice = gradient.slice(at: offsets[i], applying: update)
        guard let layer = layer as? any DividedLayer else {
          let isFinite = layer.backward(
            x: x, y: y, dy: dy, dx: dx, parameters: parameters.pointer + offsets[i], gradient: slice,
            pass: pass)
          if !isFinite { failures.append(i) }
          continue
        }
        switch (head, layers.count - 1 - i) {
        case (.some, 0): break
        case (let head?, 1) where head.below != nil:
          head.below!.transposedInputGradient(
            x: x, dx: dx!, parameters: parameters.pointer + offsets[i], pass: pass)
        default:
          layer.inputGradient(
            x: x, y: y, dy: dy, dx: dx, parameters: parameters.pointer + offsets[i], pass: pass)
        }
        if !late.contains(i) {
          divided.append((i, DividedGradient(layer: layer, x: x, dy: dy, gradient: slice)))
        }
      }
    }
    if !divided.isEmpty {
      let areFinite = DividedGradient.sum(divided.map(\.gradient), share: .whole, pass: pass)
      failures += zip(divided, areFinite).filter { !$1 }.map(\.0.number)
    }
    return failures.sorted().map { names[$0] }
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
