import LockstepCore

/// Layers by themselves: numbers in PyTorch's order in and out, whatever their layout in between.
struct LayerRun {
  let layers: [any Layer]
  let input: FeatureLayout
  let rows: Int

  /// None of the layers takes in the ReLU after it.
  init(_ layers: [LayerSpecification], input: FeatureLayout, rows: Int) {
    var (made, layout) = ([any Layer](), input)
    for (number, layer) in layers.enumerated() {
      switch layer {
      case .dense(let outputs): made.append(Dense(input: layout, outputs: outputs!))
      case .conv(let outputs, let size, let stride, let padding):
        made.append(
          Convolution2D(input: layout, outputs: outputs, size: size, step: stride, padding: padding))
      case .maxPool(let size, let stride): made.append(MaxPool2D(input: layout, size: size, step: stride))
      case .dropout(let p):
        made.append(Dropout(layout, probability: Float(p), dropsChannels: false, number: number))
      case .dropout2D(let p):
        made.append(Dropout(layout, probability: Float(p), dropsChannels: true, number: number))
      case .flatten: layout = layout.flattened
      case .relu: made.append(ReLU(layout))
      case .tanh: made.append(Tanh(layout))
      case .sigmoid: made.append(Sigmoid(layout))
      }
      if layer != .flatten { layout = made.last!.output }
    }
    self.init(made, input: input, rows: rows)
  }

  init(_ layers: [any Layer], input: FeatureLayout, rows: Int) {
    (self.layers, self.input, self.rows) = (layers, input, rows)
  }

  var output: FeatureLayout { layers.last!.output }
  /// Of all layers, in turn.
  var tensors: [ParameterTensor] { layers.flatMap(\.tensors) }

  struct Result {
    var isFinite = true
    var y: [Double] = []
    /// Empty where it was not asked for.
    var dx: [Double] = []
    /// Of each tensor.
    var gradients: [[Double]] = []
  }

  /// One forward pass, and one backward pass where there is a `dy`. Without `randomness` dropout lets everything through.
  /// With `stale` the memory for the derivatives holds what a pass before might have left in it.
  func run(
    x: [Float], dy: [Float]? = nil, tensors values: [[Float]] = [], wantsDX: Bool = true, stale: Bool = false,
    threads: Int = 1, randomness: Pass.Randomness? = nil
  ) throws -> Result {
    let activations = ([input] + layers.map(\.output)).map { LayerValues($0, rows: rows) }
    let derivatives = ([input] + layers.map(\.output)).map { LayerValues($0, rows: rows) }
    activations[0].set(x)
    if stale { derivatives[0].set([Float](repeating: 7, count: rows * input.features)) }
    let parameters = layers.map { AlignedBuffer<Float>(count: $0.parameterCount, zero: 0) }
    var rest = values[...]
    for (layer, buffer) in zip(layers, parameters) {
      for tensor in layer.tensors {
        for (i, value) in rest.removeFirst().enumerated() { buffer.elements[tensor.flatIndex(i)] = value }
      }
    }
    // The passes work on whole blocks of 16 rows.
    let scratch = AlignedBuffer<Float>(
      count: layers.map { $0.scratchCount(rows: (rows + 15) / 16 * 16) }.max()!, zero: 0)
    let team = try ThreadTeam(count: threads)
    var result = Result()
    [0, Int32(rows / 2), Int32(rows)].withUnsafeBufferPointer { bounds in
      let pass = Pass(
        rows: rows, bounds: bounds, scratch: scratch.pointer, team: team, randomness: randomness)
      for (i, layer) in layers.enumerated() {
        layer.forward(
          activations[i].activations, to: activations[i + 1].activations,
          parameters: parameters[i].pointer, pass: pass)
      }
      guard let dy else { return }
      derivatives[layers.count].set(dy)
      for (i, layer) in layers.enumerated().reversed() {
        let sum = GradientSum(parameterCount: layer.parameterCount, microBatches: 2, reduction: .exact)
        let isFinite = layer.backward(
          x: activations[i].activations, y: activations[i + 1].activations,
          dy: derivatives[i + 1].activations, dx: i > 0 || wantsDX ? derivatives[i].activations : nil,
          parameters: parameters[i].pointer, gradient: sum.slice(at: 0), pass: pass)
        result.isFinite = result.isFinite && isFinite
        result.gradients.insert(contentsOf: layer.tensors.map(sum.values), at: 0)
      }
      if wantsDX { result.dx = derivatives[0].values }
    }
    result.y = activations[layers.count].values
    return result
  }
}

/// Activations with memory of their own, of a layout.
private struct LayerValues {
  let layout: FeatureLayout
  let rows: Int
  let activations: Activations
  private let buffer: AlignedBuffer<Float>

  init(_ layout: FeatureLayout, rows: Int) {
    (self.layout, self.rows) = (layout, rows)
    buffer = AlignedBuffer(count: (rows + 15) / 16 * 16 * ((layout.count + 15) / 16 * 16), zero: 0)
    activations = Activations(buffer.pointer, features: layout.count)
  }

  private func place(_ i: Int) -> Int {
    let (row, feature) = i.quotientAndRemainder(dividingBy: layout.features)
    return row * activations.stride + layout.position(of: feature)
  }

  func set(_ values: [Float]) {
    precondition(values.count == rows * layout.features)
    for (i, value) in values.enumerated() { buffer.elements[place(i)] = value }
  }

  var values: [Double] { (0..<rows * layout.features).map { Double(buffer.elements[place($0)]) } }
}
