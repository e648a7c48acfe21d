import LockstepCore
import Testing

/// A dense layer alone against its formulas in plain loops of Double.
@Suite struct DenseTests {
  struct Size: Sendable {
    var rows: Int
    var inputs: Int
    var outputs: Int
  }

  static let sizes = [
    Size(rows: 1, inputs: 1, outputs: 1), Size(rows: 7, inputs: 13, outputs: 5),
    Size(rows: 16, inputs: 16, outputs: 16), Size(rows: 19, inputs: 17, outputs: 33),
    Size(rows: 3, inputs: 100, outputs: 130), Size(rows: 64, inputs: 31, outputs: 10),
  ]

  @Test(arguments: sizes, [false, true])
  func matchesTheFormulas(size: Size, relu: Bool) throws {
    let sample = DenseCase(size, relu: relu)
    for threads in [1, 3] {
      let found = try sample.run(threads: threads)
      #expect(found.isFinite)
      #expect(relativeError(found.y, sample.y) < 1e-6)
      #expect(relativeError(found.dx, sample.dx) < 1e-6)
      #expect(relativeError(found.gradients[0], sample.dWeight) < 1e-6)
      #expect(relativeError(found.gradients[1], sample.dBias) < 1e-6)
    }
  }

  /// [out, in] in the flat buffer: every element has a place of its own, and the padding is nobody's.
  @Test(arguments: sizes)
  func everyElementHasItsPlace(size: Size) {
    let layer = Dense(inputs: size.inputs, outputs: size.outputs)
    let places = layer.tensors.flatMap { tensor in (0..<tensor.count).map(tensor.flatIndex) }
    #expect(places.count == size.outputs * (size.inputs + 1))
    #expect(Set(places).count == places.count)
    #expect(places.allSatisfy { (0..<layer.paddedParameterCount).contains($0) })
    #expect(layer.paddedParameterCount % 16 == 0)
  }
}

/// One layer's inputs and, in Double, what it should make of them.
private struct DenseCase {
  let size: DenseTests.Size
  let relu: Bool
  let problem: Problem
  /// [rows, outputs]
  let dyIn: [Float]
  let y: [Double]
  let dx: [Double]
  let dWeight: [Double]
  let dBias: [Double]

  init(_ size: DenseTests.Size, relu: Bool) {
    self.size = size
    self.relu = relu
    problem = Problem(
      inputs: size.inputs, layers: [.dense(outputs: size.outputs)] + (relu ? [.relu] : []), samples: size.rows
    )
    var numbers = Numbers(seed: 2)
    dyIn = numbers.floats(size.rows * size.outputs)
    let (n, inputs, outputs) = (size.rows, size.inputs, size.outputs)
    let tensors = ReferenceNetwork(problem).tensors
    let (w, x) = (tensors[0], problem.inputs.map(Double.init))
    var y = [Double](repeating: 0, count: n * outputs)
    var dx = [Double](repeating: 0, count: n * inputs)
    var dWeight = [Double](repeating: 0, count: outputs * inputs)
    var dBias = [Double](repeating: 0, count: outputs)
    for r in 0..<n {
      for o in 0..<outputs {
        let sum = (0..<inputs).reduce(tensors[1][o]) { $0 + x[r * inputs + $1] * w[o * inputs + $1] }
        y[r * outputs + o] = relu ? max(sum, 0) : sum
        let dy = relu && sum <= 0 ? 0 : Double(dyIn[r * outputs + o])
        dBias[o] += dy
        for i in 0..<inputs {
          dx[r * inputs + i] += dy * w[o * inputs + i]
          dWeight[o * inputs + i] += dy * x[r * inputs + i]
        }
      }
    }
    (self.y, self.dx, self.dWeight, self.dBias) = (y, dx, dWeight, dBias)
  }

  /// What the layer makes of the inputs.
  func run(threads: Int) throws -> LayerRun.Result {
    let dense = Dense(inputs: size.inputs, outputs: size.outputs)
    let layers: [any NetworkLayer] = relu ? [dense, ReLU(dense.output)] : [dense]
    return try LayerRun(layers, input: .vector(size.inputs), rows: size.rows, style: relu ? .fused : .plain)
      .run(
        x: problem.inputs, dy: dyIn, tensors: problem.network.tensors.map(problem.parameters.values),
        threads: threads)
  }
}
