/// A named tensor of a network's parameters, with PyTorch's name and shape.
public struct ParameterTensor: Sendable {
  /// "weight" within a layer, "layers.0.weight" within a network.
  public var name: String
  /// PyTorch's: [out, in] for the weight of a dense layer, [out, in, size, size] for a convolution's, [out] for a bias.
  public let shape: [Int]
  /// The middle of the initial values, which are uniform within `initialBound` of it.
  public var initialValue: Float = 0
  /// Initial values are uniform in [initialValue - initialBound, initialValue + initialBound).
  public let initialBound: Float
  /// The position of element i (row-major in `shape`) in the flat buffer.
  package var flatIndex: @Sendable (Int) -> Int

  /// Whether it is a matrix of weights, drawn at random: no bias, and nothing that a normalization scales or shifts by.
  package var isMatrix: Bool { shape.count > 1 && initialBound > 0 }

  /// Whether its elements are variances.
  package var holdsVariances = false

  /// An element that it cannot have; nil for none.
  package func impossible(in values: [Float]) -> Float? {
    holdsVariances ? values.first { !($0 >= 0 && $0.isFinite) } : nil
  }

  /// The number of elements.
  public var count: Int { shape.reduce(1, *) }

  /// The same tensor as part of a network whose flat buffer holds the layer at `offset`.
  func placed(prefix: String, offset: Int) -> ParameterTensor {
    var tensor = self
    tensor.name = prefix + name
    let inner = flatIndex
    tensor.flatIndex = { offset + inner($0) }
    return tensor
  }
}
