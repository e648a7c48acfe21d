import CKernels
import LockstepCore
import Testing

/// Where most inputs are zero the forward kernel leaves them out. What comes out must be the contract's chain over
/// all of them, whatever the rows that share a tile.
@Suite(.serialized) struct ZeroInputTests {
  /// Inputs, outputs, rows; more inputs than the kernel makes lists for, and panels too few for it to look.
  static let shapes = [
    (inputs: 40, outputs: 70, rows: 1), (784, 128, 7), (784, 130, 70), (33, 64, 5), (100, 48, 9),
    (2100, 64, 3),
  ]

  /// Row-major; four fifths are zeros, in runs, of both signs.
  private static func images(_ rows: Int, _ inputs: Int) -> [Float] {
    var numbers = Numbers(seed: 3)
    return numbers.floats(rows * inputs).enumerated().map { index, value in
      let (row, input) = index.quotientAndRemainder(dividingBy: inputs)
      return (input / 9 + row) % 5 == 0 ? value : (input % 2 == 0 ? 0 : -0.0)
    }
  }

  @Test(arguments: shapes)
  func forward(inputs: Int, outputs: Int, rows: Int) {
    let x = Self.images(rows, inputs)
    var numbers = Numbers(seed: 4)
    let panels = (outputs + 15) / 16
    // Some biases are -0, and some inputs have weights that are all negative.
    let weights = numbers.floats(panels * (inputs + 1) * 16).enumerated().map { index, value in
      index / 16 % (inputs + 1) == inputs && index % 3 == 0 ? -0.0 : value
    }
    let expected = Bits(chains(x, weights, inputs: inputs, panels: panels))
    for name in ISA.names {
      for split in [rows, (rows + 1) / 2] {
        let found = ISA.with(name) {
          run(x, weights, inputs: inputs, panels: panels, rows: rows, split: split)
        }
        #expect(found.map { Bits($0) } == expected, "\(name), \(split) rows at once")
      }
    }
  }

  private func run(
    _ x: [Float], _ weights: [Float], inputs: Int, panels: Int, rows: Int, split: Int
  ) -> [Float] {
    let x = padded(x, features: inputs)
    var y = [Float](repeating: .nan, count: rows * panels * 16)
    y.withUnsafeMutableBufferPointer { y in
      x.withUnsafeBufferPointer { x in
        weights.withUnsafeBufferPointer { weights in
          let layer = kernel_dense(
            x: kernel_matrix(elements: x.baseAddress, stride: (inputs + 15) / 16 * 16),
            weights: weights.baseAddress, inputs: inputs,
            y: kernel_mutable_matrix(elements: y.baseAddress, stride: panels * 16), relu: false)
          for (begin, end) in [(0, split), (split, rows)] {
            kernel_dense_forward(
              layer, kernel_range(begin: begin, end: end), kernel_range(begin: 0, end: panels))
          }
        }
      }
    }
    return y
  }

  /// bias + x w, one ascending chain of fused multiply-adds.
  private func chains(_ x: [Float], _ weights: [Float], inputs: Int, panels: Int) -> [Float] {
    (0..<x.count / inputs).flatMap { row in
      (0..<panels * 16).map { o in
        let panel = o / 16 * (inputs + 1) * 16 + o % 16
        return (0..<inputs).reduce(weights[panel + inputs * 16] + 0) {
          $0.addingProduct(x[row * inputs + $1], weights[panel + $1 * 16])
        }
      }
    }
  }
}
