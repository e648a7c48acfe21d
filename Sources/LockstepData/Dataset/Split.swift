/// The training or the test half of a dataset: images, and one label for each.
public struct Split: Sendable {
  public let images: SampleTable
  /// [count], each the number of a class.
  public let labels: [Int32]

  public init(images: SampleTable, labels: [Int32]) {
    self.images = images
    self.labels = labels
  }

  public var count: Int { labels.count }

  /// No samples, of the shape and type of others.
  static func none(like other: SampleTable) throws -> Split {
    Split(
      images: try SampleTable(count: 0, shape: other.shape, element: other.element, copying: []), labels: [])
  }
}
