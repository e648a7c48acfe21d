/// A tensor of a file: its name, shape and values.
public struct NamedTensor: Equatable, Sendable {
  public var name: String
  public var shape: [Int]
  /// Row-major.
  public var values: [Float]

  public init(name: String, shape: [Int], values: [Float]) {
    self.name = name
    self.shape = shape
    self.values = values
  }

  /// The values that the shape says; nil where that is no number.
  package var count: Int? {
    shape.reduce(1 as Int?) { product, size in
      guard let product, size >= 0 else { return nil }
      let (count, overflows) = product.multipliedReportingOverflow(by: size)
      return overflows ? nil : count
    }
  }
}
