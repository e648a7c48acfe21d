import CKernels
import LockstepData
import LockstepSupport

/// Layer normalization (Ba, Kiros and Hinton 2016) over all features of a sample, as torch.nn.LayerNorm of its shape:
///
///     y = (x - mean) / sqrt(variance + 1e-5) * weight + bias
///
/// with the variance of all features, not of a sample of them. `[rows, n] -> [rows, n]`, weight and bias `[n]`, or
/// `[rows, c, h, w] -> [rows, c, h, w]`, `[c, h, w]`. A sample's result depends on that sample alone.
struct LayerNorm: RowwiseLayer {
  let output: FeatureLayout
  private static let epsilon: Float = 1e-5

  init(_ layout: FeatureLayout) { output = layout }

  /// Weights and biases of 16 features in turn, as the features are in memory.
  var paddedParameterCount: Int { 2 * paddedToPanel(output.count) }
  var flopsPerSample: Int { 8 * output.features }

  var tensors: [ParameterTensor] {
    [("weight", Float(1), 0), ("bias", 0, 16)].map { [output] name, value, shift in
      ParameterTensor(name: name, shape: output.shape, initialValue: value, initialBound: 0) {
        let position = output.position(of: $0)
        return position / 16 * 32 + position % 16 + shift
      }
    }
  }

  private var geometry: kernel_normalization {
    let runs = output.runs
    return kernel_normalization(
      runs: runs.count, length: runs.length, stride: paddedToPanel(runs.stride), epsilon: Self.epsilon)
  }

  func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let geometry = geometry
    return { for row in $0 { kernel_layer_norm_forward(geometry, x.row(row), parameters, y.row(row)) } }
  }

  func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    let geometry = geometry
    return { rows, dy, dx in
      guard let dx else { return }
      for row in rows {
        kernel_layer_norm_backward(geometry, x.row(row), parameters, dy.row(row), dx.row(row))
      }
    }
  }

  func weightGradient(x: Activations, parameters: UnsafePointer<Float>, pass: Pass)
    -> (any RowwiseWeightGradient)?
  {
    LayerNormWeightGradient(geometry, count: paddedParameterCount, x: x, pass: pass)
  }

  func append(to graph: inout OperatorGraph) {
    if output.shape.count == 1 { graph.flatten() }
    graph.append(
      "LayerNormalization", tensors: ["weight", "bias"],
      [.integer("axis", 1), .number("epsilon", Self.epsilon)])
  }
}

extension LayerNorm {
  struct Form: LayerForm {
    static let keyword = "layernorm"

    func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
      try network.requireLearnable()
      try network.count(inputs: 1, outputs: network.layout.features)
      return LayerNorm(network.layout)
    }
  }
}

extension LayerSpecification {
  /// 'layernorm': each sample less its mean over its deviation, times weights, plus biases; the shape stays.
  public static var layerNorm: Self { Self(LayerNorm.Form()) }
}
