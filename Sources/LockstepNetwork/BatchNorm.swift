import CKernels
import LockstepData
import LockstepSupport

/// Batch normalization (Ioffe and Szegedy 2015) of each channel, as torch.nn.BatchNorm1d and BatchNorm2d, over the
/// samples of a micro-batch and their pixels, followed by a ReLU if it is rectified:
///
///     y = (x - mean) / sqrt(variance + epsilon) * weight + bias
///
/// with the variance of all values, not of a sample of them. `[rows, n] -> [rows, n]` or `[rows, n, h, w] -> [rows, n,
/// h, w]`, weight and bias `[n]`. Evaluation takes the running mean and variance.
struct BatchNorm: MicroBatchLayer {
  let output: FeatureLayout
  let momentum: Double
  let epsilon: Double
  let isRectified: Bool
  private let channels: ChannelLayout

  init(_ layout: FeatureLayout, momentum: Double, epsilon: Double, isRectified: Bool = false) {
    (output, channels) = (layout, ChannelLayout(layout))
    (self.momentum, self.epsilon, self.isRectified) = (momentum, epsilon, isRectified)
  }

  var rectified: (any NetworkLayer)? {
    isRectified ? nil : BatchNorm(output, momentum: momentum, epsilon: epsilon, isRectified: true)
  }

  /// Weights and biases of 16 channels in turn, as the channels are in memory.
  var paddedParameterCount: Int { channels.pairCount }
  var flopsPerSample: Int { 8 * output.features }

  var tensors: [ParameterTensor] { [channels.tensor("weight", 1, 0), channels.tensor("bias", 0, 16)] }
  var runningStatistics: RunningStatistics {
    var variance = channels.tensor("running_var", 1, 16)
    variance.holdsVariances = true
    return RunningStatistics(
      tensors: [channels.tensor("running_mean", 0, 0), variance], count: channels.pairCount,
      valuesPerSample: channels.pixels, momentum: momentum)
  }

  func kernel(_ x: Activations, parameters: UnsafePointer<Float>, moments: UnsafePointer<Double>? = nil)
    -> kernel_batch_norm
  {
    channels.kernel(x, parameters: parameters, moments: moments, epsilon: epsilon, relu: isRectified)
  }

  func forward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, slots: StatisticsSlots, pass: Pass
  ) {
    forEachPart(of: slots, pass.team) { rows, _, slot, panels in
      let kernel = kernel(x, parameters: parameters, moments: slot)
      kernel_batch_norm_moments(kernel, slot, rows, panels)
      kernel_batch_norm_forward(kernel, y.mutableMatrix, rows, panels)
    }
  }

  func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    slots: StatisticsSlots, pass: Pass
  ) -> (_ gradient: GradientSlice) -> Bool {
    let groups = slots.microBatches.chains
    let sums = AlignedBuffer<Double>(count: groups.count * paddedParameterCount, zero: 0)
    forEachPart(of: slots, pass.team) { [count = paddedParameterCount] rows, group, slot, panels in
      let (kernel, sum) = (kernel(x, parameters: parameters, moments: slot), sums.pointer + group * count)
      kernel_batch_norm_gradient_sums(kernel, y.matrix, dy.matrix, sum, rows, panels)
      guard let dx else { return }
      kernel_batch_norm_input_gradient(kernel, y.matrix, dy.matrix, sum, dx.mutableMatrix, rows, panels)
    }
    return { add(sums, of: groups, pass.microBatches, into: $0) }
  }

  /// Calls the body for each micro-batch, and some of its channels where there are threads for more parts: no sum
  /// crosses either.
  private func forEachPart(
    of slots: StatisticsSlots, _ team: ThreadTeam,
    _ body:
      @escaping (
        _ rows: kernel_range, _ group: Int, _ slot: UnsafeMutablePointer<Double>, _ panels: kernel_range
      ) -> Void
  ) {
    let (groups, numbers, panels) = (
      slots.microBatches.chains, slots.microBatches.chainNumbers, Int(channels.panels.end)
    )
    let parts = groups.count % team.count == 0 ? 1 : min(panels, team.count)
    team.split(groups.count * parts, pieces: groups.count * parts) {
      for unit in $0 {
        let (group, part) = unit.quotientAndRemainder(dividingBy: parts)
        let share = Share(index: part, count: parts).range(of: panels)
        body(groups[group].kernel, group, slots.slot(numbers[group]), share.kernel)
      }
    }
  }

  /// Hands on the sums of the parameters' gradient over each group of rows: those of a chain's groups are one.
  private func add(
    _ sums: AlignedBuffer<Double>, of groups: [Range<Int>], _ microBatches: MicroBatches,
    into gradient: GradientSlice
  ) -> Bool {
    let (chains, count) = (microBatches.chains, paddedParameterCount)
    let placed = AlignedBuffer<Float>(count: max(chains.count, 1) * count, zero: 0)
    for (number, chain) in chains.enumerated() {
      let own = groups.indices.filter { chain.contains(groups[$0].lowerBound) }
      for element in 0..<count {
        let sum = own.reduce(0.0) { $0 + sums.pointer[$1 * count + element] }
        placed.pointer[number * count + element] = Float(sum)
      }
    }
    return withExtendedLifetime(placed) {
      PanelSums(sums: placed.pointer, count: count, weightRows: 1).add(microBatches, into: gradient)
    }
  }

  func setScaling(_ parameters: UnsafeMutablePointer<Float>, state: UnsafePointer<Float>) {
    for channel in 0..<paddedParameterCount / 2 {
      let at = channel / 16 * 32 + channel % 16
      let scale = Double(parameters[at]) / (Double(state[at + 16]) + epsilon).squareRoot()
      parameters[at + 16] = Float(Double(parameters[at + 16]) - Double(state[at]) * scale)
      parameters[at] = Float(scale)
    }
  }

  var evaluated: any RowwiseLayer { ChannelScaling(self) }

  func append(to graph: inout OperatorGraph) {
    if output.shape.count == 1 { graph.flatten() }
    graph.append(
      "BatchNormalization", tensors: ["weight", "bias", "running_mean", "running_var"],
      [.number("epsilon", Float(epsilon))])
    if isRectified { graph.append("Relu") }
  }
}

/// What a batch normalization is in evaluation, y = x scale + shift for each channel, followed by a ReLU if it is
/// rectified.
struct ChannelScaling: RowwiseLayer {
  private let layer: BatchNorm

  init(_ layer: BatchNorm) { self.layer = layer }

  var output: FeatureLayout { layer.output }
  var paddedParameterCount: Int { layer.paddedParameterCount }
  var flopsPerSample: Int { 2 * output.features }
  var rectified: (any NetworkLayer)? { (layer.rectified as? BatchNorm).map(ChannelScaling.init) }

  func rowwiseForward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, pass: Pass
  ) -> (_ rows: Range<Int>) -> Void {
    let (kernel, panels) = (layer.kernel(x, parameters: parameters), paddedParameterCount / 32)
    return { kernel_scale_channels(kernel, y.mutableMatrix, $0.kernel, kernel_range(begin: 0, end: panels)) }
  }

  func inputGradient(
    x: Activations, y: Activations, parameters: UnsafePointer<Float>, wantsDX: Bool, pass: Pass
  ) -> (_ rows: Range<Int>, _ dy: Activations, _ dx: Activations?) -> Void {
    preconditionFailure("evaluation has no gradients")
  }

  func append(to graph: inout OperatorGraph) { layer.append(to: &graph) }
}
