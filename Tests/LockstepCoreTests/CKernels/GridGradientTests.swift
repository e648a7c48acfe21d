import CKernels
import LockstepCore
import Testing

/// A dense layer's gradient on integer grids is the contract's: each micro-batch's chain rounded for itself, by random
/// numbers that know its number in the global batch and the weight's place, and nothing of ranks and threads.
@Suite(.serialized) struct GridGradientTests {
  private static let manyBounds = WeightGradientTests.manyBounds
  private static let cuts: [[Int32]] = [WeightGradientTests.bounds, manyBounds, [0, 23]]

  /// A grid whose largest multiple is about the largest gradient, or 2^shift times that.
  private func grid(_ dense: GridDense, bits: Int, shift: Int) -> GridReference {
    let most = GradientScales.most(bits: bits, microBatches: dense.bounds.count - 1)
    let probe = GridReference(bits: 32, weightUnit: 1, biasUnit: 1, most: most)
    let units = dense.expected(probe).largest.map { largest in
      let exponent = largest == 0 ? -20 : Int(largest.exponent) - Int(most.exponent) + shift
      return Float(sign: .plus, exponent: min(max(exponent, -120), 100), significand: 1)
    }
    return GridReference(
      bits: bits, weightUnit: units[0], biasUnit: units[1], most: most, seed: 0xFEDC_BA98_7654_3210,
      step: 1_000_003, first: 5, offset: 48)
  }

  @Test(arguments: WeightGradientTests.data, [32, 16])
  func isTheContract(data: WeightGradientTests.Data, bits: Int) {
    var cutOff = 0
    for bounds in Self.cuts {
      let dense = GridDense(
        inputs: data.inputs, outputs: WeightGradientTests.outputs, x: data.x, dy: data.dy, bounds: bounds)
      for shift in [-2, 1, 9] {
        let grid = grid(dense, bits: bits, shift: shift)
        let expected = dense.expected(grid)
        cutOff += expected.cutOff
        let gradient = expected.multiples.enumerated().map { index, multiple in
          let isBias = index / 16 % (data.inputs + 1) == data.inputs
          return Float(multiple) * (isBias ? grid.biasUnit : grid.weightUnit)
        }
        for name in ISA.names {
          ISA.with(name) {
            #expect(dense.written(grid) == expected, "\(name), \(bounds), shift \(shift)")
            #expect(dense.applied(grid).map { $0 + 0 } == gradient, "\(name), \(bounds), shift \(shift)")
          }
        }
      }
    }
    // Narrow grids cut off, or that would not be tested; none is narrow enough for denormal numbers.
    #expect(cutOff > 0 || data.name == "denormals")
  }

  /// Many rows are summed block by block, and most inputs are 0.
  @Test(arguments: [false, true], [32, 16])
  func blocksOfRows(mostlyZero: Bool, bits: Int) {
    let (rows, inputs, outputs) = (431, 70, 19)
    var numbers = Numbers(seed: 12)
    let x = numbers.floats(rows * inputs).enumerated().map {
      mostlyZero ? WeightGradientTests.sparse($0.offset, $0.element) : $0.element
    }
    let dense = GridDense(
      inputs: inputs, outputs: outputs, x: x, dy: numbers.floats(rows * outputs, scale: 0.002),
      bounds: [0, 300, 300, 301, 430, 431])
    let grid = grid(dense, bits: bits, shift: 0)
    let expected = dense.expected(grid)
    for name in ISA.names { ISA.with(name) { #expect(dense.written(grid) == expected, "\(name)") } }
  }

  /// Each 64 micro-batches of one row, of which none waits for another.
  @Test(arguments: [32, 16]) func manyMicroBatches(bits: Int) {
    var numbers = Numbers(seed: 3)
    let dense = GridDense(
      inputs: 18, outputs: 20, x: numbers.floats(64 * 18), dy: numbers.floats(64 * 20),
      bounds: (0...64).map { Int32($0) })
    let grid = grid(dense, bits: bits, shift: 0)
    for name in ISA.names { ISA.with(name) { #expect(dense.written(grid) == dense.expected(grid)) } }
  }

  /// The gradients themselves: those of a bias, of a micro-batch of one row.
  private func biases(_ gradients: [Float]) -> GridDense {
    GridDense(inputs: 1, outputs: gradients.count, x: [0], dy: gradients, bounds: [0, 1])
  }

  @Test func tiesGoToTheEvenMultiple() {
    let dense = biases([0.5, 1.5, 2.5, -0.5, -1.5, -2.5, Float(0.5).nextUp, Float(1.5).nextDown, 4_194_303.5])
    let grid = GridReference(bits: 32, weightUnit: 1, biasUnit: 1, most: 0x1p22)
    for name in ISA.names {
      ISA.with(name) {
        let found = dense.written(grid).multiples
        #expect(
          (0..<9).map { found[dense.index(input: 1, output: $0)] } == [0, 2, 2, 0, -2, -2, 1, 1, 4_194_304],
          "\(name)")
      }
    }
  }

  /// What is beyond the grid becomes its end, without rounding, and is counted; infinity and NaN are reported.
  @Test(arguments: [32, 16]) func whatIsBeyondTheGridIsCutOff(bits: Int) {
    let dense = biases([1001, -1001, 1000, -1000, 1e30, -1e30, 0, Float(1000).nextUp])
    let grid = GridReference(bits: bits, weightUnit: 1, biasUnit: 1, most: 1000)
    for name in ISA.names {
      ISA.with(name) {
        let found = dense.written(grid)
        let multiples = (0..<8).map { found.multiples[dense.index(input: 1, output: $0)] }
        #expect(multiples == [1000, -1000, 1000, -1000, 1000, -1000, 0, 1000], "\(name)")
        #expect(found.cutOff == 5 && found.largest == [0, 1e30], "\(name)")
      }
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity], [32, 16])
  func whatIsNotFiniteIsReported(bad: Float, bits: Int) {
    let data = WeightGradientTests.data[6]
    for name in ISA.names {
      ISA.with(name) {
        for place in [0, 16, WeightGradientTests.outputs - 1] {
          var dense = GridDense(
            inputs: data.inputs, outputs: WeightGradientTests.outputs, x: data.x, dy: data.dy,
            bounds: WeightGradientTests.bounds)
          dense.dy[12 * dense.outputs + place] = bad
          let found = dense.written(GridReference(bits: bits, weightUnit: 1, biasUnit: 1, most: 100))
          #expect(found.largest.contains { !$0.isFinite }, "\(name): \(bad) at output \(place)")
        }
      }
    }
  }

  /// The mean of many roundings is the number: within five standard deviations, and half of the 2^-16 to which the
  /// probability is right.
  @Test(arguments: [0.3, -0.3, 0.5, 0.001, 100.75, -7.9] as [Float])
  func roundingAtRandomIsRightOnAverage(value: Float) {
    let (rows, outputs) = (64, 512)
    let dense = GridDense(
      inputs: 1, outputs: outputs, x: [Float](repeating: 0, count: rows),
      dy: [Float](repeating: value, count: rows * outputs), bounds: (0...rows).map { Int32($0) })
    let most = GradientScales.most(bits: 16, microBatches: rows)
    let found = dense.written(GridReference(bits: 16, weightUnit: 1, biasUnit: 1, most: most)).multiples
    let rest = Double(abs(value - value.rounded(.towardZero)))
    let bound = 5 * (rest * (1 - rest) / Double(rows * outputs)).squareRoot() + 0x1p-17
    #expect(abs(Double(found.reduce(0, +)) / Double(rows * outputs) - Double(value)) <= bound)
    // Of one weight over the micro-batches, too; and weights differ.
    let sums = (0..<outputs).map { Double(found[dense.index(input: 1, output: $0)]) }
    let deviation = (rest * (1 - rest) * Double(rows)).squareRoot()
    #expect(sums.allSatisfy { abs($0 - Double(value) * Double(rows)) <= 6 * deviation + 1 })
    #expect(Set(sums).count > 1)
  }
}
