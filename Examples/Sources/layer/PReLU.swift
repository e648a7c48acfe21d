import LockstepCore

/// The rectifier that learns (He et al. 2015): y = x where x > 0, else y = a x, with an `a` for each channel.
struct PReLU: Layer {
  static let keyword = "prelu"
  let outputShape: [Int]
  var weightShape: [Int] { [outputShape[0]] }
  let initialBound: Float
  /// The elements of a channel are one run.
  let run: Int

  /// 'prelu BOUND': each `a` begins between -BOUND and BOUND.
  init(inputShape: [Int], options: [Double]) {
    outputShape = inputShape
    initialBound = Float(options.first ?? 0.25)
    run = inputShape.dropFirst().reduce(1, *)
  }

  func forward(_ x: [Float], _ learned: LayerWeights, to y: inout [Float]) {
    for i in x.indices { y[i] = x[i] > 0 ? x[i] : learned.weight[i / run] * x[i] }
  }

  func backward(
    _ x: [Float], dy: [Float], _ learned: LayerWeights, to dx: inout [Float],
    adding gradient: inout LayerWeights
  ) {
    for i in x.indices {
      dx[i] = x[i] > 0 ? dy[i] : learned.weight[i / run] * dy[i]
      if x[i] <= 0 { gradient.weight[i / run] += x[i] * dy[i] }
    }
  }
}
