/// The training or the test half of a dataset: images, and a label for each, a class or numbers.
public struct Split: Sendable {
  /// [count, features], [count, height, width] or [count, channels, height, width].
  public let images: SampleTable
  /// [count], the class of each image, from 0; empty where there are targets.
  public let labels: [Int32]
  /// The numbers to predict of each image, [count] or [count, columns]; nil for classes.
  public let targets: SampleTable?

  /// Not checked; `Dataset.init` throws if images and labels do not fit.
  public init(images: SampleTable, labels: [Int32]) {
    (self.images, self.labels, targets) = (images, labels, nil)
  }

  /// Not checked either.
  public init(images: SampleTable, targets: SampleTable) {
    (self.images, labels, self.targets) = (images, [], targets)
  }

  /// The number of samples.
  public var count: Int { targets?.count ?? labels.count }

  /// The same labels for these images.
  func with(_ images: SampleTable) -> Split {
    targets.map { Split(images: images, targets: $0) } ?? Split(images: images, labels: labels)
  }

  /// An empty split of the same shape and type.
  static func none(like other: SampleTable) throws -> Split {
    Split(
      images: try SampleTable(count: 0, shape: other.shape, element: other.element, copying: []), labels: [])
  }
}
