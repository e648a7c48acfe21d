import CKernels

/// A fully connected layer, with the ReLU that follows it fused into the forward tile where there is one:
///
///     Y = X Wᵀ + b                 [rows, in] -> [rows, out]
///     dX = dY W,  dW = dYᵀ X,  db = the column sums of dY
///
/// W is [out, in], as in PyTorch. In memory it lies in panels of 16 outputs (see CKernels.h), which the forward and
/// weight-gradient kernels read without packing.
package struct Dense: DividedLayer {
  package let input: FeatureLayout
  package let outputs: Int
  package let fusesReLU: Bool
  /// Whether x is what a ReLU fused into the layer before gave, and dx goes back through it as it is written.
  var masksInputGradient = false
  /// Whether the layer after has taken dy back through this one's ReLU.
  var outputGradientIsMasked = false

  package init(input: FeatureLayout, outputs: Int, fusesReLU: Bool = false) {
    self.input = input
    self.outputs = outputs
    self.fusesReLU = fusesReLU
  }

  package init(inputs: Int, outputs: Int, fusesReLU: Bool = false) {
    self.init(input: .vector(inputs), outputs: outputs, fusesReLU: fusesReLU)
  }

  package var output: FeatureLayout { .vector(outputs) }
  /// Rows of a panel: an input's padding has weights too, which are zero and stay so.
  var inputs: Int { input.count }
  var inputPanels: Int { paddedToPanel(inputs) / 16 }
  var panels: Int { paddedToPanel(outputs) / 16 }
  package var parameterCount: Int { panels * (inputs + 1) * 16 }
  package var flopsPerSample: Int { 2 * input.features * outputs }

  /// PyTorch's default: uniform within 1 / sqrt(in) (He et al. 2015 with a = sqrt(5)).
  package var tensors: [ParameterTensor] {
    let (input, inputs) = (input, inputs)
    let bound = 1 / Float(input.features).squareRoot()
    return [
      ParameterTensor(name: "weight", shape: [outputs, input.features], initialBound: bound) { element in
        let (output, index) = element.quotientAndRemainder(dividingBy: input.features)
        return ((output / 16) * (inputs + 1) + input.position(of: index)) * 16 + output % 16
      },
      ParameterTensor(name: "bias", shape: [outputs], initialBound: bound) { output in
        ((output / 16) * (inputs + 1) + inputs) * 16 + output % 16
      },
    ]
  }

  /// A thread that keeps its panels keeps them in its cache; where there are too few, rows or inputs are split instead.
  func splitsOutputs(over threads: Int) -> Bool { panels >= 2 * threads }

  package func forward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    let (rows, panels) = (0..<pass.rows, panels)
    if splitsOutputs(over: pass.team.count) {
      pass.team.splitByThread(panels, grain: 2, pieces: 2) {
        forward(x, to: y, parameters: parameters, rows: rows, panels: $0, thread: $1)
      }
    } else {
      pass.team.splitByThread(rows.count, grain: 4) {
        forward(x, to: y, parameters: parameters, rows: $0, panels: 0..<panels, thread: $1)
      }
    }
  }

  /// A part of it, on the team's thread of that number.
  func forward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, rows: Range<Int>,
    panels: Range<Int>, thread: Int
  ) {
    kernel_dense_forward(
      kernel_dense(
        x: x.matrix(on: thread), weights: parameters, inputs: inputs, y: y.mutableMatrix, relu: fusesReLU),
      rows.kernel, panels.kernel)
  }
}
