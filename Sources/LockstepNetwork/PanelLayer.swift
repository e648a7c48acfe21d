/// A layer whose parameters lie in panels of 16 outputs: `weightRows` rows of weights and one of biases.
protocol PanelLayer: NetworkLayer {
  var panels: Int { get }
  var weightRows: Int { get }
}

extension PanelLayer {
  package var scalesOutputs: Bool { true }

  /// Scales the output channels of its parameters: `scaling` has what multiplies 16 of them, then what is added.
  package func scaleOutputs(_ parameters: UnsafeMutablePointer<Float>, by scaling: UnsafePointer<Float>) {
    for panel in 0..<panels {
      let (weights, scale) = (parameters + panel * (weightRows + 1) * 16, scaling + panel * 32)
      for row in 0..<weightRows {
        for lane in 0..<16 { weights[row * 16 + lane] *= scale[lane] }
      }
      for lane in 0..<16 {
        let bias = weights[weightRows * 16 + lane]
        weights[weightRows * 16 + lane] = scale[16 + lane].addingProduct(bias, scale[lane])
      }
    }
  }
}
