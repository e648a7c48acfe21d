import LockstepSupport

/// Images and labels, which are classes or numbers, to train on and to test with. Immutable.
public final class Dataset: Sendable {
  /// The training samples, those held back to validate included; none if loaded for evaluation.
  public let train: Split
  /// The test samples; none without test files.
  public let test: Split
  /// The largest label of both splits plus 1, or the columns of one-hot labels; at least 2. 0 where labels are numbers.
  public let classes: Int
  /// A digest of all images and labels: equal data, however it is compressed, gives an equal checksum.
  public let checksum: UInt64
  /// The directory it came from, or "synthesized digits".
  public let name: String
  /// Notes for the user on how the files were found and read, such as one-hot labels.
  public let notes: [String]
  /// The mapped files; nil if the data are in memory of their own, which nobody else can change.
  private let mappedFiles: MappedFiles?

  /// The largest label that is accepted as a class; a larger one means a damaged or wrong file.
  public static let maximumLabel: Int32 = 65_535

  /// Images of both splits must have the same element type and shape, with one label each. `test` is nil for none;
  /// `name` is for messages; `classes` is nil for as many as the labels say.
  ///
  /// - Throws: LockstepError (.data) if the two splits or their labels do not fit together, or are empty.
  public convenience init(train: Split, test given: Split? = nil, name: String, classes: Int? = nil)
    throws
  {
    for (part, split) in [("train", train), ("test", given ?? train)]
    where split.count == 0 && split.images.count == 0 {
      throw LockstepError(
        .data, "\(name): \(part) images", expected: "at least one image of at least one element",
        found: "the dimensions \([split.images.count] + split.images.shape)",
        fix: "Write the file again with samples in it")
    }
    let test = try given ?? .none(like: train.images)
    let valid = try Self.validate(train: train, test: test) { "\(name): \($0)" }
    for (part, split) in [("train", train), ("test", test)] {
      try split.images.requireFinite(path: "\(name): \(part) images")
      try split.targets?.requireFinite(path: "\(name): \(part) targets", of: "sample")
    }
    self.init(
      validTrain: valid.train, test: valid.test, classes: max(valid.classes, classes ?? 0), name: name,
      checksum: Self.checksum(train: train, test: test))
  }

  /// For splits that have passed `validate`.
  init(
    validTrain train: Split, test: Split, classes: Int, name: String, checksum: UInt64, notes: [String] = [],
    mappedFiles: MappedFiles? = nil
  ) {
    self.train = train
    self.test = test
    self.classes = classes
    self.name = name
    self.checksum = checksum
    self.notes = notes
    self.mappedFiles = mappedFiles
  }

  /// Checks that mapped files, used if there was no room for a copy, have not changed since they were loaded. Every
  /// rank checks the files that it reads, so all must call it, inside `Collective.together`.
  ///
  /// - Throws: LockstepError (.data) naming a file that has changed.
  public func requireUnchanged() throws {
    guard let mappedFiles else { return }
    try mappedFiles.requireUnchanged { Self.checksum(train: train, test: test) == checksum }
  }

  /// Whether `requireUnchanged` has files to check: on all ranks or on none.
  package var isMapped: Bool { mappedFiles != nil }

  /// Checks that the parts fit together, and counts the classes. `subject` names a part's file in an error. Either
  /// split may have no samples.
  static func validate(
    train: Split, test: Split, subject: (DatasetPart) -> String
  ) throws -> (train: Split, test: Split, classes: Int) {
    let train = try shaped(train, subject(.trainImages), subject(.trainLabels))
    let test = try shaped(test, subject(.testImages), subject(.testLabels))
    guard train.images.shape == test.images.shape, train.images.element == test.images.element else {
      throw LockstepError(
        .data, subject(.testImages),
        expected: "images like the training set's, \(train.images.shape) of type \(train.images.element)",
        found: "\(test.images.shape) of type \(test.images.element)",
        fix: "Take both splits from the same dataset")
    }
    try requireSameKind(train, test, subject: subject)
    if train.targets != nil || test.targets != nil { return (train, test, 0) }
    let largest = max(
      try largestLabel(train, subject(.trainLabels)), try largestLabel(test, subject(.testLabels)))
    return (train, test, max(2, Int(largest) + 1))
  }

  private static func shaped(_ split: Split, _ path: String, _ labelsPath: String) throws -> Split {
    guard split.images.elementsPerSample > 0 else {
      throw LockstepError(
        .data, path, expected: "images of at least one element",
        found: "the dimensions \([split.images.count] + split.images.shape)",
        fix: "Write the file again with samples in it")
    }
    return split.with(
      try split.images.images(labels: split.count, path: path, labelsPath: labelsPath))
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
