/// The training or the test half of a dataset: images, and one label for each.
public struct Split: Sendable {
  /// [count, features], [count, height, width] or [count, channels, height, width].
  public let images: SampleTable
  /// [count], the class of each image, from 0.
  public let labels: [Int32]

  /// Not checked; `Dataset.init` throws if images and labels do not fit.
  public init(images: SampleTable, labels: [Int32]) {
    self.images = images
    self.labels = labels
  }

  /// The number of samples.
  public var count: Int { labels.count }

  /// An empty split of the same shape and type.
  static func none(like other: SampleTable) throws -> Split {
    Split(
      images: try SampleTable(count: 0, shape: other.shape, element: other.element, copying: []), labels: [])
  }
}
