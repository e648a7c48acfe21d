import LockstepSupport

extension Dataset {
  /// A dataset of arrays: the numbers of each sample, and those to predict of it. `shape` is what a sample's numbers
  /// are, row-major: [height, width], [channels, height, width], or nil for a vector.
  ///
  /// Throws `LockstepError` (data) for arrays of other lengths, numbers that are not finite, and sets without samples.
  public convenience init<Number: SampleNumber>(
    images: [[Number]], targets: [[Double]], shape: [Int]? = nil,
    test: (images: [[Number]], targets: [[Double]])? = nil, name: String = "arrays"
  ) throws {
    func split(_ images: [[Number]], _ targets: [[Double]], _ parts: (DatasetPart, DatasetPart)) throws
      -> Split
    {
      Split(
        images: try Number.table(images, shape: shape, subject: "\(name): \(parts.0)"),
        targets: try SampleTable(targets: targets, subject: "\(name): \(parts.1)"))
    }
    try self.init(
      train: split(images, targets, (.trainImages, .trainLabels)),
      test: test.map { try split($0.images, $0.targets, (.testImages, .testLabels)) }, name: name)
  }
}

extension SampleTable {
  /// Targets, [columns] of each sample.
  fileprivate init(targets: [[Double]], subject: String) throws {
    let columns = targets.first?.count ?? 0
    if let odd = targets.firstIndex(where: { $0.count != columns || columns == 0 }) {
      throw LockstepError(
        .data, subject, expected: columns == 0 ? "numbers" : "\(columns) numbers, as of the first sample",
        found: "\(targets[odd].count) at index \(odd)", fix: "Give each sample as many")
    }
    let bytes = targets.joined().flatMap { value in
      withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) }
    }
    try self.init(count: targets.count, shape: [columns], element: .float64, copying: bytes)
  }
}
