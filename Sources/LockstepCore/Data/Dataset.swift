/// Images and labels to train on and to test with. Never changes once made.
public final class Dataset: Sendable {
  public let train: Split
  public let test: Split
  /// The largest label of both splits plus 1; at least 2.
  public let classes: Int
  /// A digest of all images and labels: equal data, however it is compressed, gives an equal checksum.
  public let checksum: UInt64
  /// The directory it came from, or "synthetic".
  public let name: String

  /// The largest label that is taken for a class; a larger one is a damaged or mistaken file.
  public static let maximumLabel: Int32 = 65_535

  /// - Throws: LockstepError (.data) where the two splits or their labels do not fit together.
  public convenience init(train: Split, test: Split, name: String) throws {
    let classes = try Self.validate(train: train, test: test) { "\(name): \($0)" }
    self.init(
      validTrain: train, test: test, classes: classes, name: name,
      checksum: Self.checksum(train: train, test: test))
  }

  /// For splits that `validate` has seen.
  init(validTrain train: Split, test: Split, classes: Int, name: String, checksum: UInt64) {
    self.train = train
    self.test = test
    self.classes = classes
    self.name = name
    self.checksum = checksum
  }

  /// Checks that the parts fit together, and counts the classes. `subject` names a part's file in an error.
  static func validate(
    train: Split, test: Split, subject: (DatasetPart) -> String
  ) throws -> Int {
    try requireImages(train, subject(.trainImages))
    try requireImages(test, subject(.testImages))
    try requireEqualCounts(train, subject(.trainLabels))
    try requireEqualCounts(test, subject(.testLabels))
    guard train.images.shape == test.images.shape, train.images.element == test.images.element else {
      throw LockstepError(
        .data, subject(.testImages),
        expected: "images like the training set's, \(train.images.shape) of type \(train.images.element)",
        found: "\(test.images.shape) of type \(test.images.element)",
        fix: "Take both splits from the same dataset")
    }
    let largest = max(
      try largestLabel(train, subject(.trainLabels)), try largestLabel(test, subject(.testLabels)))
    return max(2, Int(largest) + 1)
  }

  private static func requireImages(_ split: Split, _ subject: String) throws {
    guard split.images.count > 0, split.images.elementsPerSample > 0 else {
      throw LockstepError(
        .data, subject, expected: "at least one image of at least one element",
        found: "the dimensions \([split.images.count] + split.images.shape)",
        fix: "Write the file again with samples in it")
    }
    guard !split.images.shape.isEmpty else {
      throw LockstepError(
        .data, subject, expected: "images of at least two dimensions, the first being the number of images",
        found: "the dimensions [\(split.images.count)]",
        fix: "Check that this is the images file, not the labels")
    }
  }

  private static func requireEqualCounts(_ split: Split, _ subject: String) throws {
    guard split.images.count != split.labels.count else { return }
    throw LockstepError(
      .data, subject, expected: "\(split.images.count) labels, one for each image",
      found: "\(split.labels.count)", fix: "Take images and labels from the same dataset")
  }

  private static func largestLabel(_ split: Split, _ subject: String) throws -> Int32 {
    if let index = split.labels.firstIndex(where: { !(0...maximumLabel).contains($0) }) {
      throw LockstepError(
        .data, subject, expected: "labels from 0 to \(maximumLabel)",
        found: "\(split.labels[index]) at index \(index)",
        fix: "Number the classes from 0")
    }
    return split.labels.max() ?? 0
  }
}
