import LockstepCore

/// A dense layer as a user may write it: y = b + W x, W of [out, in].
struct OwnDense: Layer {
  static let keyword = "owndense"
  let inputs: Int
  let outputs: Int

  init(inputShape: [Int], options: [Double]) throws {
    guard inputShape.count == 1, options.count == 1 else {
      throw LockstepError(.usage, "owndense", expected: "a vector, and its outputs", found: "\(inputShape)")
    }
    (inputs, outputs) = (inputShape[0], Int(options[0]))
  }

  var outputShape: [Int] { [outputs] }
  var weightShape: [Int] { [outputs, inputs] }
  var biasShape: [Int] { [outputs] }
  var initialBound: Float { 1 / Float(inputs).squareRoot() }

  func forward(_ x: [Float], _ learned: LayerWeights, to y: inout [Float]) {
    for o in y.indices {
      for i in x.indices { y[o].addProduct(learned.weight[o * inputs + i], x[i]) }
      y[o] += learned.bias[o]
    }
  }

  func backward(
    _ x: [Float], dy: [Float], _ learned: LayerWeights, to dx: inout [Float],
    adding gradient: inout LayerWeights
  ) {
    for o in dy.indices {
      gradient.bias[o] += dy[o]
      for i in x.indices {
        dx[i].addProduct(learned.weight[o * inputs + i], dy[o])
        gradient.weight[o * inputs + i].addProduct(x[i], dy[o])
      }
    }
  }
}

/// A factor of 1 + a for each channel of images, and nothing else.
struct OwnScale: Layer {
  static let keyword = "ownscale"
  let outputShape: [Int]
  var weightShape: [Int] { [outputShape[0]] }
  var initialBound: Float { 0.5 }

  init(inputShape: [Int], options: [Double]) { outputShape = inputShape }

  private var run: Int { outputShape.dropFirst().reduce(1, *) }

  func forward(_ x: [Float], _ learned: LayerWeights, to y: inout [Float]) {
    for i in x.indices { y[i] = (1 + learned.weight[i / run]) * x[i] }
  }

  func backward(
    _ x: [Float], dy: [Float], _ learned: LayerWeights, to dx: inout [Float],
    adding gradient: inout LayerWeights
  ) {
    for i in x.indices {
      dx[i] = (1 + learned.weight[i / run]) * dy[i]
      gradient.weight[i / run].addProduct(x[i], dy[i])
    }
  }
}

/// The rectifier.
struct OwnReLU: Layer {
  static let keyword = "ownrelu"
  let outputShape: [Int]

  init(inputShape: [Int], options: [Double]) { outputShape = inputShape }

  func forward(_ x: [Float], _: LayerWeights, to y: inout [Float]) {
    for i in x.indices { y[i] = max(x[i], 0) }
  }

  func backward(
    _ x: [Float], dy: [Float], _: LayerWeights, to dx: inout [Float], adding _: inout LayerWeights
  ) {
    for i in x.indices { dx[i] = x[i] > 0 ? dy[i] : 0 }
  }
}
