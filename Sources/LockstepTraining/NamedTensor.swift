/// A tensor of a file: its name, shape and values.
public struct NamedTensor: Equatable, Sendable {
  /// PyTorch's, such as "layers.0.weight".
  public var name: String
  /// PyTorch's.
  public var shape: [Int]
  /// Row-major.
  public var values: [Float]

  public init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// The product of the shape; nil if it is negative or overflows.
  package var count: Int? {
    shape.reduce(1 as Int?) { product, size in
      guard let product, size >= 0 else { return nil }
      let (count, overflows) = product.multipliedReportingOverflow(by: size)
      return overflows ? nil : count
    }
  }
}
