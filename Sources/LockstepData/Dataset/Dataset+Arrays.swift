import LockstepSupport

/// What a sample's array holds: numbers, or bytes, such as pixels from 0 to 255.
public protocol SampleNumber {
  /// A table of arrays, each row-major in `shape`; nil for the vectors that they are.
  static func table(_ samples: [[Self]], shape: [Int]?, subject: String) throws -> SampleTable
}

extension Float: SampleNumber {
  public static func table(_ samples: [[Float]], shape: [Int]?, subject: String) throws -> SampleTable {
    try SampleTable(samples: samples, shape: shape, subject: subject)
  }
}

extension UInt8: SampleNumber {
  public static func table(_ samples: [[UInt8]], shape: [Int]?, subject: String) throws -> SampleTable {
    try SampleTable(samples: samples, shape: shape, subject: subject)
  }
}

extension Dataset {
  /// A dataset of arrays: the numbers and the class, from 0, of each sample. `shape` is what a sample's numbers are,
  /// row-major: [height, width], [channels, height, width], or nil for a vector. `classes` is nil for the largest label
  /// of both sets plus 1. Without a test set, a recipe's `validationSplit` gives something to judge by.
  ///
  /// Throws `LockstepError` (data) for arrays of other lengths, labels that are no classes, numbers that are not
  /// finite, and sets without samples.
  public convenience init(
    images: [[Float]], labels: [Int], shape: [Int]? = nil, test: (images: [[Float]], labels: [Int])? = nil,
    classes: Int? = nil, name: String = "arrays"
  ) throws {
    try self.init(of: images, labels, shape: shape, test: test, classes: classes, name: name)
  }

  /// The same of any numbers that a sample may hold.
  public convenience init<Number: SampleNumber>(
    images: [[Number]], labels: [Int], shape: [Int]? = nil,
    test: (images: [[Number]], labels: [Int])? = nil, classes: Int? = nil, name: String = "arrays"
  ) throws {
    try self.init(of: images, labels, shape: shape, test: test, classes: classes, name: name)
  }

  private convenience init<Number: SampleNumber>(
    of images: [[Number]], _ labels: [Int], shape: [Int]?, test: (images: [[Number]], labels: [Int])?,
    classes: Int?, name: String
  ) throws {
    func split(_ images: [[Number]], _ labels: [Int], _ part: DatasetPart, _ labelPart: DatasetPart) throws
      -> Split
    {
      let most = min(classes ?? .max, Int(Self.maximumLabel) + 1) - 1
      if let odd = labels.firstIndex(where: { $0 < 0 || $0 > most }) {
        throw LockstepError(
          .data, "\(name): \(labelPart)", expected: "labels from 0 to \(most)",
          found: "\(labels[odd]) at index \(odd)", fix: "Number the classes from 0")
      }
      return Split(
        images: try Number.table(images, shape: shape, subject: "\(name): \(part)"),
        labels: labels.map { Int32($0) })
    }
    try self.init(
      train: split(images, labels, .trainImages, .trainLabels),
      test: test.map { try split($0.images, $0.labels, .testImages, .testLabels) }, name: name,
      classes: classes)
  }
}
