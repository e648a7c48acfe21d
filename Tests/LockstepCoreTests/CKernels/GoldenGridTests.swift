import LockstepCore
import Testing

/// Both roundings to integer grids against another program's: see Tests/Golden/grid_rounding.py.
@Suite(.serialized) struct GoldenGridTests {
  struct File: Decodable {
    let inputs: Int
    let outputs: Int
    let cases: [Case]
  }
  struct Case: Decodable {
    let bits: Int
    /// In decimal: a number of JSON has no 64 bits.
    let seed: String
    let step: Int
    /// The number of the first micro-batch.
    let first: Int
    /// Where the layer begins in the flat buffer.
    let offset: Int
    let unit: Float
    let most: Float
    /// [micro-batches, outputs]
    let gradients: [Float]
    let sums: [Int]
    let clamped: Int
  }

  @Test func areEqual() throws {
    let golden: File = try Golden.load("grid_rounding.json")
    #expect(golden.cases.count == 9)
    for expected in golden.cases {
      let rows = expected.gradients.count / golden.outputs
      let dense = GridDense(
        inputs: golden.inputs, outputs: golden.outputs,
        x: [Float](repeating: 0, count: rows * golden.inputs), dy: expected.gradients,
        bounds: (0...rows).map { Int32($0) })
      // Each weight's gradient is 0, whatever its unit.
      let grid = GridReference(
        bits: expected.bits, weightUnit: 1, biasUnit: expected.unit, most: expected.most,
        seed: try #require(UInt64(expected.seed)), step: expected.step, first: expected.first,
        offset: expected.offset)
      for name in ISA.names {
        ISA.with(name) {
          let found = dense.written(grid)
          let sums = (0..<golden.outputs).map {
            found.multiples[dense.index(input: golden.inputs, output: $0)]
          }
          #expect(sums == expected.sums, "\(name): \(expected.bits) bits, seed \(expected.seed)")
          #expect(found.cutOff == expected.clamped, "\(name)")
          #expect(found.largest == [0, expected.gradients.map(abs).max() ?? 0], "\(name)")
        }
      }
    }
  }
}
