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
      #expect(relativeError(found.dWeight, sample.dWeight) < 1e-6)
      #expect(relativeError(found.dBias, sample.dBias) < 1e-6)
    }
  }

  /// [out, in] in the flat buffer: every element has a place of its own, and the padding is nobody's.
  @Test(arguments: sizes)
  func everyElementHasItsPlace(size: Size) {
    let layer = Dense(inputs: size.inputs, outputs: size.outputs)
    let places = layer.tensors.flatMap { tensor in (0..<tensor.count).map(tensor.flatIndex) }
    #expect(places.count == size.outputs * (size.inputs + 1))
    #expect(Set(places).count == places.count)
    #expect(places.allSatisfy { (0..<layer.parameterCount).contains($0) })
    #expect(layer.parameterCount % 16 == 0)
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

  /// What the layer makes of the inputs; the two tensors' gradients under the limit of exact sums.
  func run(threads: Int) throws -> (
    isFinite: Bool, y: [Double], dx: [Double], dWeight: [Double], dBias: [Double]
  ) {
    let (layer, parameters) = (problem.network.layers[0], problem.parameters)
    let (x, y) = (Matrix(size.rows, size.inputs), Matrix(size.rows, size.outputs))
    let (dx, dy) = (Matrix(size.rows, size.inputs), Matrix(size.rows, size.outputs))
    x.set(problem.inputs)
    dy.set(dyIn)
    let scratch = AlignedBuffer<Float>(count: layer.scratchCount(rows: size.rows), zero: 0)
    let sum = GradientSum(parameterCount: layer.parameterCount, microBatches: 2, reduction: .exact)
    let team = try ThreadTeam(count: threads)
    let isFinite = [0, Int32(size.rows / 2), Int32(size.rows)].withUnsafeBufferPointer { bounds in
      let pass = Pass(rows: size.rows, bounds: bounds, scratch: scratch.pointer, team: team)
      layer.forward(x.activations, to: y.activations, parameters: parameters.pointer, pass: pass)
      return layer.backward(
        x: x.activations, y: y.activations, dy: dy.activations, dx: dx.activations,
        parameters: parameters.pointer, gradient: sum.slice(at: 0), pass: pass)
    }
    let tensors = problem.network.tensors
    return (isFinite, y.values, dx.values, sum.values(of: tensors[0]), sum.values(of: tensors[1]))
  }
}

/// Activations with memory of their own.
private struct Matrix {
  let rows: Int
  let activations: Activations
  private let buffer: AlignedBuffer<Float>

  init(_ rows: Int, _ features: Int) {
    self.rows = rows
    let stride = (features + 15) / 16 * 16
    buffer = AlignedBuffer(count: (rows + 15) / 16 * 16 * stride, zero: 0)
    activations = Activations(buffer.pointer, features: features)
  }

  func set(_ values: [Float]) {
    for (i, value) in values.enumerated() {
      let (row, column) = i.quotientAndRemainder(dividingBy: activations.features)
      activations.pointer[row * activations.stride + column] = value
    }
  }

  var values: [Double] {
    (0..<rows * activations.features).map {
      let (row, column) = $0.quotientAndRemainder(dividingBy: activations.features)
      return Double(activations.pointer[row * activations.stride + column])
    }
  }
}
