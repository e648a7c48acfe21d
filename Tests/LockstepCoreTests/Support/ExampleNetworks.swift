import LockstepCore

/// Every kind of layer in small networks, wherever it fits: what tests run over all layers, those that are yet to
/// come too.
enum ExampleNetworks {
  /// Images as a dataset has them, the layer first; images as a convolution leaves them, more channels than a panel of
  /// 16 holds; and vectors.
  private static let frames: [(shape: [Int], before: String, after: String)] = [
    ([3, 6, 7], "", ", dense 3"), ([2, 7, 6], "conv 18 2x2, ", ", dense 3"), ([9], "dense 21, ", ", dense 3"),
  ]

  static let all = LayerRegistry.examples.flatMap { example in
    frames.map { (shape: $0.shape, layers: $0.before + example + $0.after) }.filter {
      let layers = $0.layers.split(separator: ",").map { LayerSpecification(String($0))! }
      return (try? Network(inputShape: $0.shape, specification: layers, classes: 3)) != nil
    }
  }
}
