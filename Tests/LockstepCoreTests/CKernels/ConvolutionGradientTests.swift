import LockstepCore
import Testing

/// Both gradients of a convolution are the contract's chains, bit by bit, for sizes that no tile divides: of any
/// number of threads, by every build.
@Suite(.serialized) struct ConvolutionGradientTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    var channels, height, width, outputs, size, stride, padding: Int
    var planes = false

    init(_ input: [Int], _ outputs: Int, size: Int, stride: Int = 1, padding: Int = 0, planes: Bool = false) {
      (channels, height, width) = (input[0], input[1], input[2])
      (self.outputs, self.size, self.stride, self.padding, self.planes) = (
        outputs, size, stride, padding, planes
      )
    }

    var testDescription: String {
      "\(channels)x\(height)x\(width)\(planes ? " planes" : ""), "
        + "conv \(outputs) \(size)x\(size) stride \(stride) pad \(padding)"
    }
    var outHeight: Int { (height + 2 * padding - size) / stride + 1 }
    var outWidth: Int { (width + 2 * padding - size) / stride + 1 }
    var taps: Int { channels * size * size }
    var input: FeatureLayout {
      planes
        ? .planes(channels: channels, height: height, width: width)
        : .interleaved(channels: channels, height: height, width: width)
    }
  }

  static let shapes = [
    Shape([10, 12, 12], 20, size: 5), Shape([1, 5, 4], 1, size: 1), Shape([3, 6, 7], 4, size: 3, padding: 2),
    // A stride that does not divide the image, one that leaves pixels out, and borders that some taps never leave.
    Shape([17, 8, 9], 5, size: 3, stride: 2, padding: 1), Shape([2, 11, 8], 18, size: 2, stride: 3),
    Shape([4, 2, 3], 3, size: 5, stride: 2, padding: 4), Shape([2, 1, 1], 2, size: 3, padding: 2),
    // More channels than two panels, rows of more than two tiles, more rows than stay in the cache.
    Shape([35, 4, 5], 33, size: 2), Shape([40, 7, 30], 3, size: 3, padding: 1),
    Shape([1, 9, 27], 2, size: 4),
    Shape([1, 9, 11], 10, size: 5, planes: true),
    Shape([3, 8, 6], 20, size: 3, stride: 2, padding: 1, planes: true),
    // More parameters than threads add up.
    Shape([70, 3, 3], 110, size: 3),
    // More output pixels than zeros are looked for in at once, more outputs than bits in a word.
    Shape([5, 30, 44], 7, size: 5, padding: 2), Shape([20, 4, 4], 70, size: 3, stride: 2, padding: 1),
  ]
  static let rows = 5

  /// How much of dY is zero, which kernels leave out where they may.
  enum Derivatives: CaseIterable, Sendable {
    case full
    /// One in 5 is not zero, in the second sample none, in the third all.
    case sparse
    case zero
    /// Sparse, and the first input or weight is such that 0 times it is not 0.
    case infiniteInput, notANumberAsWeight
  }

  /// x, dy and the weights without the biases.
  private func numbers(_ shape: Shape, _ kind: Derivatives) -> (x: [Float], dy: [Float], weights: [Float]) {
    var numbers = Numbers(seed: 3)
    let features = shape.outputs * shape.outHeight * shape.outWidth
    var x = numbers.floats(Self.rows * shape.input.features)
    var dy = numbers.floats(Self.rows * features)
    var weights = numbers.floats(shape.outputs * shape.taps)
    if kind == .infiniteInput { x[0] = .infinity }
    if kind == .notANumberAsWeight { weights[0] = .nan }
    if kind == .zero { dy = dy.map { $0 * 0 } }
    if kind != .full {
      for i in dy.indices where i / features != 2 && (i / features == 1 || i * 7 % 11 > 1) { dy[i] *= 0 }
    }
    return (x, dy, weights)
  }

  /// Calls the body with the number of an output pixel, of the input pixel that tap (i, j) reads of it, for each in
  /// order.
  private func eachPair(_ shape: Shape, i: Int, j: Int, _ body: (_ output: Int, _ input: Int) -> Void) {
    for r in 0..<shape.outHeight {
      for q in 0..<shape.outWidth {
        let (y, x) = (r * shape.stride + i - shape.padding, q * shape.stride + j - shape.padding)
        guard 0..<shape.height ~= y, 0..<shape.width ~= x else { continue }
        body(r * shape.outWidth + q, y * shape.width + x)
      }
    }
  }

  /// Taps from last to first, for each of them the outputs in order.
  private func inputGradient(_ shape: Shape, _ kind: Derivatives) -> [Double] {
    let (_, dy, weights) = numbers(shape, kind)
    let (area, pixels) = (shape.outHeight * shape.outWidth, shape.height * shape.width)
    var dx = [Float](repeating: 0, count: Self.rows * shape.channels * pixels)
    for row in 0..<Self.rows {
      for tap in (0..<shape.size * shape.size).reversed() {
        eachPair(shape, i: tap / shape.size, j: tap % shape.size) { output, input in
          for o in 0..<shape.outputs {
            let d = dy[(row * shape.outputs + o) * area + output]
            for c in 0..<shape.channels {
              let weight = weights[(o * shape.channels + c) * shape.size * shape.size + tap]
              dx[(row * shape.channels + c) * pixels + input].addProduct(d, weight)
            }
          }
        }
      }
    }
    return dx.map(Double.init)
  }

  /// Samples of a micro-batch and their output pixels in order, then the exact sum; the bias's gradient comes last.
  private func weightGradient(_ shape: Shape, _ kind: Derivatives) -> [Double] {
    let (x, dy, _) = numbers(shape, kind)
    let (area, pixels) = (shape.outHeight * shape.outWidth, shape.height * shape.width)
    var gradient = [Double](repeating: 0, count: shape.outputs * (shape.taps + 1))
    for rows in [0..<Self.rows / 2, Self.rows / 2..<Self.rows] {
      for o in 0..<shape.outputs {
        for k in 0..<shape.taps {
          let (c, tap) = k.quotientAndRemainder(dividingBy: shape.size * shape.size)
          var sum: Float = 0
          for row in rows {
            eachPair(shape, i: tap / shape.size, j: tap % shape.size) { output, input in
              sum.addProduct(
                x[(row * shape.channels + c) * pixels + input], dy[(row * shape.outputs + o) * area + output])
            }
          }
          gradient[o * shape.taps + k] += ExactGrid.rounded(Double(sum))
        }
        let bias = rows.flatMap { row in (0..<area).map { dy[(row * shape.outputs + o) * area + $0] } }
        gradient[shape.outputs * shape.taps + o] += ExactGrid.rounded(Double(bias.reduce(0, +)))
      }
    }
    return gradient
  }

  @Test(arguments: shapes, Derivatives.allCases)
  func areTheContractsChains(shape: Shape, kind: Derivatives) throws {
    let (x, dy, weights) = numbers(shape, kind)
    let layer = Convolution2D(
      input: shape.input, outputs: shape.outputs, size: shape.size, stride: shape.stride,
      padding: shape.padding)
    let run = LayerRun([layer], input: shape.input, rows: Self.rows)
    let dx = Bits(withOneNaN(shape.planes ? [] : inputGradient(shape, kind)))
    let gradient = weightGradient(shape, kind)
    let isFinite = gradient.allSatisfy(\.isFinite)
    for name in ISA.names {
      for threads in kind == .full || kind == .sparse ? [1, 2, 3, 5] : [1, 3] {
        let found = try ISA.with(name) {
          try run.run(
            x: x, dy: dy, tensors: [weights, Array(repeating: 0, count: shape.outputs)],
            wantsDX: !shape.planes,
            threads: threads)
        }!
        #expect(found.isFinite == isFinite)
        let gradients = found.gradients.flatMap { $0 }
        #expect(
          Bits(withOneNaN(gradients)) == Bits(withOneNaN(gradient)), "\(name), \(threads) threads: weights")
        #expect(Bits(withOneNaN(found.dx)) == dx, "\(name), \(threads) threads: input")
      }
    }
  }

  /// Which of its many bit patterns a NaN has is no part of the contract.
  private func withOneNaN(_ numbers: [Double]) -> [Double] { numbers.map { $0.isNaN ? .nan : $0 } }
}
