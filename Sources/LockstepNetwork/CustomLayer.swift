import LockstepData
import LockstepSupport

/// A layer of a user's own as plans compute it: sample by sample, from arrays in canonical order.
struct CustomLayer<Own: Layer>: RowwiseLayer {
  let own: Own
  let output: FeatureLayout
  /// Where a sample's features are in memory, in canonical order.
  private let inputs: [Int]
  private let outputs: [Int]
  /// What it learns lies in panels of 16 columns, as kernels take gradients: rows of weights, and one of the bias.
  let panels: Int
  let weightRows: Int

  /// `own` must have been made for the shape of `input`.
  init(_ own: Own, input: FeatureLayout) {
    self.own = own
    output = Self.layout(of: own.outputShape, after: input)
    inputs = (0..<input.features).map(input.position)
    outputs = (0..<output.features).map(output.position)
    panels = max(1, paddedToPanel(own.biasShape.elements) / 16)
    weightRows = (own.weightShape.elements + 16 * panels - 1) / (16 * panels)
  }

  /// As the input where that can be; else as convolutions need what lies before them.
  private static func layout(of shape: [Int], after input: FeatureLayout) -> FeatureLayout {
    if shape == input.shape, shape.count == 1 || input.isInterleaved { return input }
    return shape.count == 3
      ? .interleaved(channels: shape[0], height: shape[1], width: shape[2]) : .vector(shape[0])
  }

  var paddedParameterCount: Int { weightRows == 0 ? 0 : panels * (weightRows + 1) * 16 }

  var tensors: [ParameterTensor] {
    let perPanel = weightRows * 16
    let shapes = [("weight", own.weightShape), ("bias", own.biasShape)]
    return shapes.filter { !$0.1.isEmpty }.map { name, shape in
      ParameterTensor(name: name, shape: shape, initialBound: own.initialBound) {
        name == "weight"
          ? $0 / perPanel * (perPanel + 16) + $0 % perPanel
          : $0 / 16 * (perPanel + 16) + perPanel + $0 % 16
      }
    }
  }

  /// What it learns, as zeros.
  var noWeights: LayerWeights {
    LayerWeights(
      weight: [Float](repeating: 0, count: own.weightShape.elements),
      bias: [Float](repeating: 0, count: own.biasShape.elements))
  }

  private func learned(_ parameters: UnsafePointer<Float>) -> LayerWeights {
    var learned = noWeights
    for tensor in tensors {
      let values = (0..<tensor.count).map { parameters[tensor.flatIndex($0)] }
      if tensor.name == "weight" { learned.weight = values } else { learned.bias = values }
    }
    return learned
  }

  /// Whether the passes leave arrays their sizes, for a sample of zeros.
  var keepsSizes: Bool {
    let x = [Float](repeating: 0, count: inputs.count)
    var (y, dx) = ([Float](repeating: 0, count: outputs.count), x)
    var gradient = noWeights
    own.forward(x, noWeights, to: &y)
    own.backward(
      x, dy: [Float](repeating: 0, count: outputs.count), noWeights, to: &dx, adding: &gradient)
    return y.count == outputs.count && dx.count == x.count
      && gradient.weight.count == noWeights.weight.count && gradient.bias.count == noWeights.bias.count
  }

  func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let learned = learned(parameters)
    return { rows in
      for row in rows {
        // As zeros, so that what a layer leaves out does not depend on the sample before.
        var values = [Float](repeating: 0, count: outputs.count)
        own.forward(sample(row, of: x, inputs), learned, to: &values)
        write(values, to: row, of: y, outputs)
      }
    }
  }

  func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    let learned = learned(parameters)
    return { rows, dy, dx in
      guard let dx else { return }
      var unused = noWeights
      for row in rows {
        write(backward(row, x, dy, learned, adding: &unused), to: row, of: dx, inputs)
      }
    }
  }

  func weightGradient(x: Activations, parameters: UnsafePointer<Float>, pass: Pass) -> (
    any RowwiseWeightGradient
  )? {
    weightRows == 0 ? nil : CustomWeightGradient(self, x: x, learned: learned(parameters), pass: pass)
  }

  /// Adds a sample to the gradient of what is learned, and returns that of its input.
  func backward(
    _ row: Int, _ x: Activations, _ dy: Activations, _ learned: LayerWeights,
    adding gradient: inout LayerWeights
  ) -> [Float] {
    var values = [Float](repeating: 0, count: inputs.count)
    own.backward(
      sample(row, of: x, inputs), dy: sample(row, of: dy, outputs), learned, to: &values, adding: &gradient)
    return values
  }

  private func sample(_ row: Int, of activations: Activations, _ positions: [Int]) -> [Float] {
    let features = activations.row(row)
    return positions.map { features[$0] }
  }

  private func write(_ values: [Float], to row: Int, of activations: Activations, _ positions: [Int]) {
    precondition(values.count == positions.count, "layer \(Own.keyword) has changed the size of an array")
    let features = activations.row(row)
    for (position, value) in zip(positions, values) { features[position] = value }
  }

  /// ONNX cannot know it.
  func append(to graph: inout OperatorGraph) { graph.refuse(Own.keyword) }
}
