import LockstepCore
import Testing

/// A convolution's outputs are the contract's chains, bit by bit: the bias, then the taps channel by channel. Which
/// way the kernels go depends on the shape: vectors of outputs, vectors of pixels, patches that share what they read.
@Suite(.serialized) struct ConvolutionForwardTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let layer: Convolution2D
    let testDescription: String

    init(
      _ input: [Int], _ outputs: Int, size: Int, stride: Int = 1, padding: Int = 0, planes: Bool = false,
      relu: Bool = false
    ) {
      let (channels, height, width) = (input[0], input[1], input[2])
      let layout =
        planes
        ? FeatureLayout.planes(channels: channels, height: height, width: width)
        : .interleaved(channels: channels, height: height, width: width)
      layer = Convolution2D(
        input: layout, outputs: outputs, size: size, stride: stride, padding: padding, isRectified: relu)
      testDescription = "\(layout.shape)\(planes ? " planes" : "") to \(layer.output.shape), \(size)x\(size)"
    }
  }

  static let shapes = [
    // Vectors of pixels: groups that are full and not, one output and two panels of them, borders.
    Shape([10, 12, 12], 20, size: 5), Shape([10, 9, 9], 20, size: 3, padding: 1, relu: true),
    Shape([40, 6, 6], 1, size: 3), Shape([20, 5, 9], 2, size: 1), Shape([17, 7, 10], 18, size: 2),
    Shape([3, 9, 11], 4, size: 3, planes: true, relu: true), Shape([20, 12, 15], 7, size: 4),
    // Of these a sample is too large, has steps, or fills panels.
    Shape([33, 24, 24], 20, size: 3), Shape([10, 13, 13], 20, size: 3, stride: 2),
    Shape([9, 6, 7], 32, size: 3),
    // Planes with patches that share what they read, of a row less, as much and more than a tile.
    Shape([1, 28, 28], 10, size: 5, planes: true), Shape([2, 6, 9], 16, size: 5, planes: true, relu: true),
    Shape([1, 8, 19], 12, size: 3, planes: true), Shape([3, 7, 5], 16, size: 3, padding: 2, planes: true),
    Shape([1, 8, 19], 12, size: 3, stride: 2, planes: true), Shape([1, 8, 9], 18, size: 3, planes: true),
  ]
  static let rows = 3

  /// The second sample has an infinite pixel; a bias of -0 ends as 0 where nothing else is added.
  private func numbers(_ layer: Convolution2D) -> (x: [Float], weights: [Float], biases: [Float]) {
    var numbers = Numbers(seed: 6)
    var x = numbers.floats(Self.rows * layer.input.features)
    x[layer.input.features] = .infinity
    let outputs = layer.output.shape[0]
    let weights = numbers.floats(layer.tensors[0].count)
    return (x, weights, (0..<outputs).map { $0 % 3 == 0 ? -0.0 : numbers.floats(1)[0] })
  }

  private func chains(_ layer: Convolution2D) -> [Double] {
    let (x, weights, biases) = numbers(layer)
    let (from, to) = (layer.input.shape, layer.output.shape)
    return (0..<Self.rows * layer.output.features).map { index in
      let (row, feature) = index.quotientAndRemainder(dividingBy: layer.output.features)
      let (output, pixel) = feature.quotientAndRemainder(dividingBy: to[1] * to[2])
      var sum = biases[output] + 0
      for c in 0..<from[0] {
        for i in 0..<layer.size {
          for j in 0..<layer.size {
            let y = pixel / to[2] * layer.stride + i - layer.padding
            let q = pixel % to[2] * layer.stride + j - layer.padding
            guard 0..<from[1] ~= y, 0..<from[2] ~= q else { continue }
            sum.addProduct(
              x[((row * from[0] + c) * from[1] + y) * from[2] + q],
              weights[((output * from[0] + c) * layer.size + i) * layer.size + j])
          }
        }
      }
      return Double(layer.isRectified && sum < 0 ? 0 : sum)
    }
  }

  @Test(arguments: shapes)
  func areTheContractsChains(shape: Shape) throws {
    let layer = shape.layer
    let (x, weights, biases) = numbers(layer)
    let run = LayerRun([layer], input: layer.input, rows: Self.rows)
    let expected = chains(layer)
    try #require(expected.contains { !$0.isFinite })
    for name in ISA.names {
      for threads in [1, 3] {
        let found = try ISA.with(name) { try run.run(x: x, tensors: [weights, biases], threads: threads) }!
        #expect(Bits(found.y) == Bits(expected), "\(name), \(threads) threads")
      }
    }
  }
}
