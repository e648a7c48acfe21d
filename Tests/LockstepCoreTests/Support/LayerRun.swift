import LockstepCore

/// Single layers, with inputs and outputs in PyTorch's order, whatever the layout in between.
struct LayerRun {
  let layers: [any NetworkLayer]
  /// The same with their inputs, where these are not a chain.
  private var nodes: [NetworkNode] = []
  let input: FeatureLayout
  let rows: Int
  let style: FusionPlan.Style

  /// No ReLU is fused. Throws if the layers do not fit.
  init(_ layers: [LayerSpecification], input: FeatureLayout, rows: Int) throws {
    var builder = NetworkBuilder(input: input, classes: 3, mostParameters: 1 << 20)
    try builder.add(layers)
    self.init(builder.layers, input: input, rows: rows)
    nodes = builder.nodes
  }

  init(_ layers: [any NetworkLayer], input: FeatureLayout, rows: Int, style: FusionPlan.Style = .plain) {
    (self.layers, self.input, self.rows, self.style) = (layers, input, rows, style)
  }

  var output: FeatureLayout { layers.last!.output }
  /// The tensors of all layers, in order.
  var tensors: [ParameterTensor] { layers.flatMap(\.tensors) }

  struct Result {
    var isFinite = true
    var y: [Double] = []
    /// Empty if it was not requested.
    var dx: [Double] = []
    /// The gradient of each tensor.
    var gradients: [[Double]] = []
    /// Each tensor of the state after the step.
    var state: [[Double]] = []
  }

  /// One forward pass, and one backward pass if there is a `dy`. Without `randomness` dropout does nothing. With
  /// `stale` the memory for the derivatives holds leftovers, as if from an earlier pass.
  func run(
    x: [Float], dy: [Float]? = nil, tensors values: [[Float]] = [], wantsDX: Bool = true, stale: Bool = false,
    threads: Int = 1, randomness: Pass.Randomness? = nil
  ) throws -> Result {
    let probe: [any NetworkLayer] = wantsDX ? [Probe(output: input)] : []
    let network =
      nodes.isEmpty
      ? Network(input: input, layers: probe + layers) : Network(input: input, layers: probe, then: nodes)
    let plan = FusionPlan(network, style: style)
    let workspace = Workspace(plan, capacity: rows, learns: true, threads: threads)
    let parameters = Parameters(network)
    for (tensor, values) in zip(network.tensors, values) { parameters.set(tensor, to: values) }
    for tensor in network.stateTensors {
      parameters.set(tensor, to: [Float](repeating: tensor.initialValue, count: tensor.count))
    }
    let first = probe.count
    LayerValues(input, rows: rows, in: workspace.input).set(x)
    if stale {
      LayerValues(input, rows: rows, in: workspace.gradients[first])
        .set([Float](repeating: 7, count: rows * input.features))
    }
    let team = try ThreadTeam(count: threads)
    var result = Result()
    let microBatches = MicroBatches(bounds: [0, Int32(rows / 2), Int32(rows)])
    let statistics = StepSlots(network, microBatches)
    let pass = Pass(
      rows: rows, microBatches: microBatches, scratch: workspace.scratch.pointer, team: team,
      randomness: randomness, statistics: statistics.slots)
    plan.forward(parameters, workspace, pass: pass)
    if let dy {
      let sum = GradientSum(
        paddedParameterCount: network.paddedParameterCount, microBatches: 2, reduction: .exact)
      let collector = GradientCollector(sum, team: team)
      LayerValues(output, rows: rows, in: workspace.logitsGradient).set(dy)
      plan.backward(parameters, workspace, to: collector, pass: pass)
      collector.finish()
      result.isFinite = collector.failures.isEmpty
      result.gradients = network.tensors.map(sum.values)
      if wantsDX { result.dx = LayerValues(input, rows: rows, in: workspace.gradients[first]).values }
    }
    statistics.move(parameters)
    result.state = network.stateTensors.map { parameters.values(of: $0).map(Double.init) }
    result.y = LayerValues(output, rows: rows, in: workspace.logits).values
    return result
  }
}

/// The identity. It claims to have parameters, so that the layer after it must compute the gradient of its input.
private struct Probe: RowwiseLayer {
  let output: FeatureLayout
  let paddedParameterCount = 16

  func append(to graph: inout OperatorGraph) {}

  func rowwiseForward(_ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass)
    -> (_ rows: Range<Int>) -> Void
  {
    { y.row($0.lowerBound).update(from: x.row($0.lowerBound), count: $0.count * x.stride) }
  }

  func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    { _, _, _ in }
  }
}

/// Activations as numbers in PyTorch's order, whatever their layout.
private struct LayerValues {
  let layout: FeatureLayout
  let rows: Int
  let activations: Activations

  init(_ layout: FeatureLayout, rows: Int, in activations: Activations) {
    (self.layout, self.rows, self.activations) = (layout, rows, activations)
  }

  private func place(_ i: Int) -> Int {
    let (row, feature) = i.quotientAndRemainder(dividingBy: layout.features)
    return row * activations.stride + layout.position(of: feature)
  }

  func set(_ values: [Float]) {
    precondition(values.count == rows * layout.features)
    for (i, value) in values.enumerated() { activations.pointer[place(i)] = value }
  }

  var values: [Double] { (0..<rows * layout.features).map { Double(activations.pointer[place($0)]) } }
}
