/// A named tensor among the parameters: what PyTorch calls it, and where its elements lie.
public struct ParameterTensor: Sendable {
  /// "weight" within a layer, "layers.0.weight" within a network.
  public var name: String
  public let shape: [Int]
  /// Initial values are uniform in [-bound, bound).
  public let initialBound: Float
  /// Where element i (row-major in `shape`) lies in the flat buffer.
  package var flatIndex: @Sendable (Int) -> Int

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
