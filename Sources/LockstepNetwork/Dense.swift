import CKernels
import LockstepData
import LockstepSupport

/// A fully connected layer, followed by a ReLU if it is rectified:
///
///     Y = X Wᵀ + b, or max(X Wᵀ + b, 0)      [rows, in] -> [rows, out]
///     dX = dY W,  dW = dYᵀ X,  db = the column sums of dY
///
/// Images are read in canonical order, as after a flatten. W is [out, in], as in PyTorch. In memory it lies in panels
/// of 16 outputs (see CKernels.h), which the forward and weight-gradient kernels read without packing.
package struct Dense: DividedLayer, PanelLayer {
  package let input: FeatureLayout
  package let outputs: Int
  package let isRectified: Bool

  package init(input: FeatureLayout, outputs: Int, isRectified: Bool = false) {
    self.input = input
    self.outputs = outputs
    self.isRectified = isRectified
  }

  package init(inputs: Int, outputs: Int, isRectified: Bool = false) {
    self.init(input: .vector(inputs), outputs: outputs, isRectified: isRectified)
  }

  package var rectified: (any NetworkLayer)? {
    isRectified ? nil : Dense(input: input, outputs: outputs, isRectified: true)
  }

  package var output: FeatureLayout { .vector(outputs) }
  /// Rows of a panel, padding included: its weights are zero and stay so.
  var inputs: Int { input.count }
  var inputPanels: Int { paddedToPanel(inputs) / 16 }
  var panels: Int { paddedToPanel(outputs) / 16 }
  var weightRows: Int { inputs }
  package var paddedParameterCount: Int { panels * (inputs + 1) * 16 }
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

  package func append(to graph: inout OperatorGraph) {
    graph.flatten()
    graph.append("Gemm", tensors: ["weight", "bias"], [.integer("transB", 1)], shape: output.shape)
    if isRectified { graph.append("Relu") }
  }

  /// Whether threads divide the outputs, so that each keeps its panels in its cache; with too few panels, they divide
  /// rows or inputs instead.
  func splitsOutputs(over threads: Int) -> Bool { panels >= 2 * threads }
  package func readsWholeInput(threads: Int) -> Bool { splitsOutputs(over: threads) }

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

  /// Some rows and panels of it, on thread number `thread`, which calls.
  func forward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, rows: Range<Int>,
    panels: Range<Int>, thread: Int
  ) {
    kernel_dense_forward(
      kernel_dense(
        x: x.matrix(for: thread), weights: parameters, inputs: inputs, y: y.mutableMatrix, relu: isRectified),
      rows.kernel, panels.kernel)
  }
}

extension Dense {
  struct Form: LayerForm {
    static let keyword = "dense"
    static let parts: [FormPart<Form>] = [.required(.countOrClasses("N"), \.outputs)]
    static let examples = ["dense 18", "dense classes"]
    var outputs: Int?

    func makeLayer(in network: inout NetworkBuilder) throws -> (any NetworkLayer)? {
      let outputs = outputs ?? network.classes
      try network.count(inputs: network.layout.features, outputs: outputs)
      return Dense(input: network.layout, outputs: outputs)
    }
  }
}

extension LayerSpecification {
  /// 'dense N': `[n] -> [outputs]`, with a bias. `outputs` is from 1 to a million; nil for as many as there are
  /// classes.
  public static func dense(outputs: Int?) -> Self { Self(Dense.Form(outputs: outputs)) }
}
