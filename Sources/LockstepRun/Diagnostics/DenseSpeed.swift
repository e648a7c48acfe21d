import CKernels
import LockstepData
import LockstepSupport

/// The speed of the dense kernels on one core, on the first layer of the MLP at batch 64: 64x784 inputs without zeros,
/// 512 outputs, and an SGD step at the end of the weight gradient as in a run of one process.
package struct DenseSpeed: Sendable {
  package struct Measurement: Sendable {
    /// The key in JSON, such as `forward`.
    package var key: String
    package var name: String
    /// The best measured speed, in GFLOP/s.
    package var speed: Double
    /// The fraction of the core's peak at the same moments: the median of turns in which the kernel runs between
    /// multiply-adds in registers, because a core's clock varies from one millisecond to the next and drops under load.
    package var shareOfPeak: Double
  }

  package let measurements: [Measurement]

  /// Takes about a second.
  package init(peak: PeakSpeed) {
    let problem = DenseProblem(rows: 64, inputs: 784, outputs: 512, peak: peak)
    measurements = [
      problem.measure("forward", "forward", problem.forward),
      problem.measure("input_gradient", "input gradient", problem.inputGradient),
      problem.measure("weight_gradient_exact_1", "weight gradient, exact, 1 micro-batch") {
        problem.weightGradient(microBatches: 1)
      },
      problem.measure("weight_gradient_exact_4", "weight gradient, exact, 4 micro-batches") {
        problem.weightGradient(microBatches: 4)
      },
      problem.measure("weight_gradient_fast", "weight gradient, fast", problem.fastWeightGradient),
    ]
  }
}

/// One dense layer's buffers, filled with numbers between 0.5 and 1, gradients as small as in training. The numbers of
/// inputs and outputs are multiples of 16.
private struct DenseProblem {
  let rows, inputs, outputs: Int
  /// As in training.
  let xStride, yStride: Int
  let x, y, dyTransposed, dy, dxTransposed, dx, weights: AlignedBuffer<Float>

  let peak: PeakSpeed

  init(rows: Int, inputs: Int, outputs: Int, peak: PeakSpeed) {
    self.peak = peak
    (self.rows, self.inputs, self.outputs) = (rows, inputs, outputs)
    (xStride, yStride) = (rowStride(inputs), rowStride(outputs))
    func random(_ sample: Int, _ count: Int, scale: Float = 1) -> AlignedBuffer<Float> {
      let buffer = AlignedBuffer<Float>(count: count, zero: 0)
      let random = CounterRandom(seed: 1, purpose: .syntheticDigit, sample: sample)
      for i in 0..<count { buffer.elements[i] = scale * (0.5 + 0.5 * random.uniform(i)) }
      return buffer
    }
    x = random(0, rows * xStride)
    dy = random(1, rows * yStride, scale: 1e-3)
    dyTransposed = random(2, outputs * paddedToPanel(rows), scale: 1e-3)
    weights = random(3, outputs * (inputs + 1), scale: 1e-2)
    y = AlignedBuffer(count: rows * yStride, zero: 0)
    dxTransposed = AlignedBuffer(count: inputs * paddedToPanel(rows), zero: 0)
    dx = AlignedBuffer(count: rows * xStride, zero: 0)
  }

  func measure(_ key: String, _ name: String, _ kernel: () -> Void) -> DenseSpeed.Measurement {
    let operations = 2 * Double(rows) * Double(inputs) * Double(outputs)
    var turns: [(speed: Double, share: Double)] = []
    var seconds = 0.0
    while turns.count < Self.mostTurns, turns.count < Self.leastTurns || seconds < Self.patience {
      seconds += secondsOf {
        let before = peak.ofOneCoreNow()
        let speed = operations / secondsOf(kernel) * 1e-9
        turns.append((speed, speed / ((before + peak.ofOneCoreNow()) / 2)))
      }
    }
    return .init(
      key: key, name: name, speed: turns.map(\.speed).max()!,
      shareOfPeak: turns.map(\.share).sorted()[turns.count / 2])
  }

  private static let (leastTurns, mostTurns) = (5, 201)
  /// Seconds after which it stops once it has the least turns: builds differ a hundredfold.
  private static let patience = 1.0

  private var xMatrix: kernel_matrix { kernel_matrix(elements: x.pointer, stride: xStride) }
  private var panels: kernel_range { kernel_range(begin: 0, end: outputs / 16) }

  func forward() {
    let rows = kernel_range(begin: 0, end: rows)
    let y = kernel_mutable_matrix(elements: y.pointer, stride: yStride)
    kernel_dense_forward(
      kernel_dense(x: xMatrix, weights: weights.pointer, inputs: inputs, y: y, relu: true), rows, panels)
  }

  func inputGradient() {
    kernel_dense_input_gradient(
      kernel_dense_backward(
        dy_t: dyTransposed.pointer, weights: weights.pointer, inputs: inputs, outputs: outputs, rows: rows,
        dx_t: dxTransposed.pointer, dx: kernel_mutable_matrix(elements: dx.pointer, stride: xStride)),
      kernel_range(begin: 0, end: inputs))
  }

  func weightGradient(microBatches: Int) {
    let bounds = (0...microBatches).map { Int32(rows * $0 / microBatches) }
    bounds.withUnsafeBufferPointer { bounds in
      let parts = kernel_micro_batches(bounds: bounds.baseAddress, count: Int32(microBatches))
      withGradient {
        _ = kernel_dense_weight_gradient($0, parts, 512, kernel_range(begin: 0, end: inputs + 1), panels)
      }
    }
  }

  func fastWeightGradient() {
    withGradient {
      kernel_dense_weight_gradient_fast($0, rows, kernel_range(begin: 0, end: inputs + 1), panels)
    }
  }

  /// Applies the gradient at once, with a learning rate so small that the weights stay as they are.
  private func withGradient(_ body: (kernel_dense_gradient) -> Void) {
    var update = kernel_update()
    update.kind = KERNEL_SGD
    update.learning_rate = 1e-6
    update.weights = weights.pointer
    withUnsafePointer(to: update) {
      body(
        kernel_dense_gradient(
          x: xMatrix, dy: kernel_matrix(elements: dy.pointer, stride: yStride), inputs: inputs,
          sink: kernel_gradient_sink(exact: nil, fast: nil, integers: nil, update: $0)))
    }
  }
}
