import CKernels
import Foundation
import Testing

@Suite struct ElementwiseTests {
  @Test func reluKeepsNaN() {
    let x: [Float] = [-1, 0, 2, .nan, -.infinity, .infinity]
    var y = [Float](repeating: 9, count: 6)
    kernel_relu_forward(x, &y, kernel_range(begin: 0, end: 6))
    #expect(Array(y[..<3]) == [0, 0, 2])
    #expect(y[3].isNaN && y[4] == 0 && y[5] == .infinity)
  }

  @Test func reluPassesTheGradientWhereItIsOpen() {
    var dy: [Float] = [1, 2, 3, 4]
    kernel_relu_backward([0, 1, 0, 2], &dy, kernel_range(begin: 0, end: 4))
    #expect(dy == [0, 2, 0, 4])
  }

  /// All sizes around the blocks of eight; `to` may be filled beyond the rows and columns asked for.
  @Test(arguments: [1, 7, 8, 9, 16, 23])
  func transposeSwapsRowsAndColumns(rows: Int) {
    for columns in [8, 16, 24] {
      let from = (0..<rows * columns).map(Float.init)
      var to = [Float](repeating: -1, count: columns * 24)
      kernel_transpose(from, columns, &to, 24, rows, kernel_range(begin: 0, end: columns))
      for r in 0..<rows {
        for c in 0..<columns { #expect(to[c * 24 + r] == from[r * columns + c]) }
      }
    }
  }

  @Test func magnitudeFindsTheLargest() {
    func largest(_ x: [Float]) -> UInt32 { kernel_magnitude_bits(x, kernel_range(begin: 0, end: x.count)) }
    for place in 0..<37 {
      var x = [Float](repeating: 0.5, count: 37)
      x[place] = -3
      #expect(largest(x) == Float(3).bitPattern)
      x[place] = .nan
      #expect(largest(x) > Float.infinity.bitPattern)
    }
  }

  /// Against the library's functions, at every size of number: within a few units in the last place, odd to the bit,
  /// within bounds, and NaN stays NaN.
  @Test func tanhAndSigmoidAreTheFunctions() {
    let magnitudes = (-40...7).flatMap { e in
      [1, 1.1, 1.37, 1.6, 1.93].map { Float(sign: .plus, exponent: e, significand: $0) }
    }
    let x =
      magnitudes + magnitudes.map { -$0 } + [0, -0.0, 0.25, Float(0.25).nextDown, 1e30, -1e30, .infinity]
    var (tanh, sigmoid) = (x, x)
    kernel_tanh_forward(x, &tanh, x.count, 0)
    kernel_sigmoid_forward(x, &sigmoid, x.count, 0)
    for (i, x) in x.enumerated() {
      let expected = Foundation.tanh(Double(x))
      #expect(abs(Double(tanh[i]) - expected) <= 4e-7 * abs(expected), "tanh \(x)")
      #expect(abs(tanh[i]) <= 1)
      let logistic = 1 / (1 + exp(-Double(x)))
      #expect(abs(Double(sigmoid[i]) - logistic) <= max(4e-7 * logistic, 1e-37), "sigmoid \(x)")
      #expect(0...1 ~= sigmoid[i])
    }
    let n = magnitudes.count
    #expect(zip(tanh[..<n], tanh[n..<2 * n]).allSatisfy { $0 == -$1 })
    var bad: [Float] = [.nan, 1, .nan]
    kernel_tanh_forward(bad, &bad, 3, 0)
    #expect(bad[0].isNaN && bad[1] < 1 && bad[2].isNaN)
    kernel_sigmoid_forward(bad, &bad, 3, 0)
    #expect(bad[0].isNaN && bad[1] < 1 && bad[2].isNaN)
  }
}
