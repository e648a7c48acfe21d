import CKernels
import LockstepCore

/// The grid of a layer's gradients, and the rounding to it in the words of the contract.
struct GridReference {
  var bits: Int
  var weightUnit: Float
  var biasUnit: Float
  /// The largest multiple.
  var most: Float
  var seed: UInt64 = 1
  var step = 2
  /// The number of the first micro-batch.
  var first = 0
  /// Where the layer's parameters begin in the flat buffer.
  var offset = 0

  /// Of 32 bits: the nearest multiple, ties to even. Of 16: the multiple towards zero, or the one behind it with the
  /// probability of what is left.
  func rounded(_ gradient: Float, unit: Float, at index: Int, microBatch: Int)
    -> (multiple: Int, isCutOff: Bool)
  {
    let x = Double(gradient) / Double(unit)
    let inside = min(max(x, -Double(most)), Double(most))
    guard bits == 16 else { return (Int(inside.rounded(.toNearestOrEven)), inside != x) }
    let whole = inside.rounded(.towardZero)
    let chance = (Double(random(at: index, microBatch: microBatch)) + 0.5) / 65536
    let isFurther = abs(inside - whole) > chance
    return (Int(whole) + (isFurther ? (inside < 0 ? -1 : 1) : 0), inside != x)
  }

  /// 16 elements of the flat buffer share two blocks of four words: the first eight have the lower halves, in the order
  /// first two words of the first block, of the second block, last two words of the first block, of the second.
  private func random(at index: Int, microBatch: Int) -> UInt32 {
    let (group, element) = (offset + index).quotientAndRemainder(dividingBy: 16)
    let block = 2 * group + element % 4 / 2
    let word = element % 2 + (element % 8 < 4 ? 0 : 2)
    let stream = CounterRandom(
      seed: seed, purpose: .gradientRounding, time: step, sample: first + microBatch)
    return stream.block(block)[word] >> (element < 8 ? 0 : 16) & 0xFFFF
  }

  var kernel: kernel_grid {
    kernel_grid(
      unit: (weightUnit, biasUnit), per_unit: (1 / weightUnit, 1 / biasUnit), most: most, bits: Int32(bits),
      random: kernel_random(
        seed: seed, sample: UInt32(first), time: UInt32(step),
        purpose: CounterRandom.Purpose.gradientRounding.rawValue),
      first_block: UInt32(offset / 8))
  }
}

/// A dense layer's gradient on a grid: by the kernel, and by the contract.
struct GridDense {
  var inputs: Int
  var outputs: Int
  /// [rows, inputs] and [rows, outputs].
  var x: [Float]
  var dy: [Float]
  /// Micro-batch m is rows `bounds[m] ..< bounds[m + 1]`.
  var bounds: [Int32]

  /// In panels of [inputs + bias, 16], as the sums are.
  struct Result: Equatable {
    var multiples: [Int]
    /// Of weights and biases.
    var largest: [Float]
    var cutOff: Int
  }

  private var panels: Int { (outputs + 15) / 16 }
  private var count: Int { panels * (inputs + 1) * 16 }
  func index(input: Int, output: Int) -> Int {
    (output / 16 * (inputs + 1) + input) * 16 + output % 16
  }

  func written(_ grid: GridReference) -> Result {
    let words = AlignedBuffer<Int32>(count: count, zero: -7)
    let halfWords = AlignedBuffer<Int16>(count: count, zero: -7)
    let integers = UnsafeMutableRawPointer(words.pointer)
    let halves = UnsafeMutableRawPointer(halfWords.pointer)
    let found = run(
      grid,
      kernel_gradient_sink(
        exact: nil, fast: nil, integers: grid.bits == 16 ? halves : integers, update: nil))
    return Result(
      multiples: grid.bits == 16 ? halfWords.elements.map(Int.init) : words.elements.map(Int.init),
      largest: [Float(bitPattern: found.largest.0), Float(bitPattern: found.largest.1)],
      cutOff: Int(found.clamped))
  }

  /// What a step of rate -1 makes of weights that are 0.
  func applied(_ grid: GridReference) -> [Float] {
    let weights = AlignedBuffer<Float>(count: count, zero: 0)
    var update = kernel_update()
    (update.kind, update.learning_rate, update.weights) = (KERNEL_SGD, -1, weights.pointer)
    withUnsafePointer(to: update) {
      _ = run(grid, kernel_gradient_sink(exact: nil, fast: nil, integers: nil, update: $0))
    }
    return Array(weights.elements)
  }

  /// The kernel on all inputs and panels.
  func run(_ grid: GridReference, _ sink: kernel_gradient_sink) -> kernel_grid_result {
    let (xStride, dyStride) = ((inputs + 15) / 16 * 16, panels * 16)
    var kernel = grid.kernel
    return padded(x, features: inputs).withUnsafeBufferPointer { x in
      padded(dy, features: outputs).withUnsafeBufferPointer { dy in
        bounds.withUnsafeBufferPointer { bounds in
          kernel_dense_weight_gradient_grid(
            kernel_dense_gradient(
              x: kernel_matrix(elements: x.baseAddress, stride: xStride),
              dy: kernel_matrix(elements: dy.baseAddress, stride: dyStride), inputs: inputs, sink: sink),
            kernel_micro_batches(bounds: bounds.baseAddress, count: Int32(bounds.count - 1)), &kernel,
            kernel_range(begin: 0, end: inputs + 1), kernel_range(begin: 0, end: panels))
        }
      }
    }
  }

  /// A micro-batch's sum as one ascending chain of fused multiply-adds in Float.
  func chain(_ microBatch: Int, input: Int, output: Int) -> Float {
    (Int(bounds[microBatch])..<Int(bounds[microBatch + 1])).reduce(0) { sum, row in
      sum.addingProduct(input < inputs ? x[row * inputs + input] : 1, dy[row * outputs + output])
    }
  }

  /// The sum of the micro-batches' chains, each rounded.
  func expected(_ grid: GridReference) -> Result {
    var result = Result(multiples: [Int](repeating: 0, count: count), largest: [0, 0], cutOff: 0)
    for input in 0...inputs {
      let tensor = input < inputs ? 0 : 1
      for output in 0..<outputs {
        let at = index(input: input, output: output)
        for m in 0..<bounds.count - 1 where bounds[m] < bounds[m + 1] {
          let gradient = chain(m, input: input, output: output)
          let (multiple, isCutOff) = grid.rounded(
            gradient, unit: tensor == 0 ? grid.weightUnit : grid.biasUnit, at: at, microBatch: m)
          result.multiples[at] += multiple
          result.cutOff += isCutOff ? 1 : 0
          result.largest[tensor] = max(result.largest[tensor], abs(gradient))
        }
      }
    }
    return result
  }
}
