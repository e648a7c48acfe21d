import LockstepCore

/// Every kind of layer in small networks, wherever it fits, so that tests cover all layers, future ones too.
enum ExampleNetworks {
  /// Images as in a dataset, with the layer first; the output of a convolution with more channels than a panel of 16;
  /// and vectors.
  private static let frames: [(shape: [Int], before: String, after: String)] = [
    ([3, 6, 7], "", ", dense 3"), ([2, 7, 6], "conv 18 2x2, ", ", dense 3"), ([9], "dense 21, ", ", dense 3"),
  ]

  static let all = LayerRegistry.examples.flatMap { example in
    frames.map { (shape: $0.shape, layers: $0.before + example + $0.after) }.filter {
      let layers = try! LayerSpecification.list($0.layers, subject: "network")
      return (try? Network(inputShape: $0.shape, specification: layers, classes: 3)) != nil
    }
  }
}
