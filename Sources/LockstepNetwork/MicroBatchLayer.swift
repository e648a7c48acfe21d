import LockstepData

/// A layer whose samples depend on each other within a micro-batch, which no rank splits. It keeps running statistics,
/// and in evaluation it scales each channel by them.
package protocol MicroBatchLayer: NetworkLayer {
  /// What it keeps besides parameters.
  var runningStatistics: RunningStatistics { get }

  /// y = f(x) of a training pass, `[rows, in] -> [rows, out]`. Leaves each micro-batch's statistics in `slots`.
  func forward(
    _ x: Activations, to y: Activations, parameters: UnsafePointer<Float>, slots: StatisticsSlots, pass: Pass)

  /// Given dL/dy, writes dL/dx if `dx` is not nil, and returns a function that sums the gradient of the parameters. `y`
  /// and `slots` are as `forward` left them.
  func backward(
    x: Activations, y: Activations, dy: Activations, dx: Activations?, parameters: UnsafePointer<Float>,
    slots: StatisticsSlots, pass: Pass
  ) -> (_ gradient: GradientSlice) -> Bool

  /// Replaces its parameters, in place, by what evaluation multiplies its channels by and adds to them: of 16 in turn.
  func setScaling(_ parameters: UnsafeMutablePointer<Float>, state: UnsafePointer<Float>)
  /// The layer of evaluation, whose parameters are those.
  var evaluated: any RowwiseLayer { get }
}

extension NetworkLayer {
  /// The layer, if it works a micro-batch at a time.
  var microBatchLayer: (any MicroBatchLayer)? {
    guard case .byMicroBatches(let layer) = passes else { return nil }
    return layer
  }
}

extension MicroBatchLayer {
  package var passes: LayerPasses { .byMicroBatches(self) }
}

/// What a layer keeps of its channels over training, each step a part of the way towards that step's: their means and
/// variances, of 16 channels in turn.
package struct RunningStatistics: Sendable {
  /// As PyTorch names and shapes them, relative to the layer's state.
  let tensors: [ParameterTensor]
  /// Floats of the state, a multiple of 32.
  let count: Int
  /// The values of a channel in a sample.
  let valuesPerSample: Int
  /// The part of the way.
  let momentum: Double

  /// The mean of a global batch's slots, `stride` doubles apart, of micro-batches of so many samples, weighted by their
  /// numbers of values, in their order. Variances are those of a sample of values, as PyTorch keeps them. Micro-batches
  /// of fewer than two values have none and are left out; nil without any.
  func mean(of slots: UnsafePointer<Double>, stride: Int, samples: [Int]) -> [Double]? {
    var (sums, total) = ([Double](repeating: 0, count: count), 0.0)
    for (number, samples) in samples.enumerated() where samples * valuesPerSample >= 2 {
      let values = Double(samples * valuesPerSample)
      total += values
      for element in 0..<count {
        let isVariance = element / 16 % 2 == 1
        let found = slots[number * stride + element]
        sums[element] += values * (isVariance ? found * (values / (values - 1)) : found)
      }
    }
    return total > 0 ? sums.map { $0 / total } : nil
  }
}

/// Where a pass's micro-batches leave their statistics, a slot each: laid out as the state, in doubles.
package struct StatisticsSlots: @unchecked Sendable {
  /// Never merged, unlike a pass's chains.
  package let microBatches: MicroBatches
  /// The slot of the first of them.
  let first: UnsafeMutablePointer<Double>
  /// Doubles from one to the next.
  let stride: Int

  package init(_ microBatches: MicroBatches, first: UnsafeMutablePointer<Double>, stride: Int) {
    (self.microBatches, self.first, self.stride) = (microBatches, first, stride)
  }

  /// Those of a layer whose state begins at `offset`.
  func advanced(by offset: Int) -> StatisticsSlots {
    StatisticsSlots(microBatches, first: first + offset, stride: stride)
  }

  /// That of micro-batch `number`, from the pass's first on.
  func slot(_ number: Int32) -> UnsafeMutablePointer<Double> { first + Int(number) * stride }
}
