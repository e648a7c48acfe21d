import LockstepSupport

extension Dataset {
  /// The numbers to predict of each sample, where labels are numbers; nil for classes.
  public var targetColumns: Int? { (train.targets ?? test.targets)?.elementsPerSample }

  /// What a network for it gives of each sample: a number for each class, or each target.
  public var outputs: Int { targetColumns ?? classes }

  /// Warnings of targets that tell nothing.
  var targetWarnings: [String] {
    guard let targets = train.targets, targets.count > 1 else { return [] }
    return (0..<targets.elementsPerSample).prefix(6).compactMap { column in
      let first = targets.target(0, column)
      guard (1..<targets.count).allSatisfy({ targets.target($0, column) == first }) else { return nil }
      let name = targets.elementsPerSample == 1 ? "targets" : "targets of column \(column)"
      return "the \(name) of all \(targets.count) training samples are \(first): there is nothing to learn"
    }
  }

  /// Checks that both splits have labels of the same kind, and as many numbers a sample.
  static func requireSameKind(_ train: Split, _ test: Split, subject: (DatasetPart) -> String) throws {
    guard train.count > 0, test.count > 0 else { return }
    func text(_ split: Split) -> String {
      split.targets.map { "\($0.elementsPerSample) number\($0.elementsPerSample == 1 ? "" : "s") a sample" }
        ?? "class numbers"
    }
    guard train.targets?.elementsPerSample == test.targets?.elementsPerSample else {
      throw LockstepError(
        .data, subject(.testLabels), expected: "labels as those to train on, \(text(train))",
        found: text(test), fix: "Take both splits from the same dataset")
    }
  }
}

extension SampleTable {
  /// The most targets of a sample.
  static let mostTargets = Int(Dataset.maximumLabel) + 1

  /// Target `column` of a sample.
  package func target(_ sample: Int, _ column: Int) -> Double {
    element.value(at: sample * elementsPerSample + column, in: bytes)
  }

  /// The targets of a sample, [columns].
  package func targets(of sample: Int) -> [Double] {
    (0..<elementsPerSample).map { target(sample, $0) }
  }

  /// Labels that are numbers, as they are used: [n] or [n, k] of finite floats.
  ///
  /// - Parameter images: the number of images that they are for, if known.
  /// - Throws: LockstepError (.data) naming `path` for other dimensions.
  package func targets(path: String, images: Int?) throws -> SampleTable {
    let dimensions = [count] + shape
    func failure(_ fix: String) -> LockstepError {
      LockstepError(
        .data, path, expected: "numbers to predict, [n] or [n, k] with k from 1 to \(Self.mostTargets)",
        found: "the dimensions \(dimensions)", fix: fix)
    }
    guard shape.count(where: { $0 > 1 }) <= 1, 1...Self.mostTargets ~= elementsPerSample else {
      throw failure("If these are the images, give the two files each other's names")
    }
    if let images, images != count, images == elementsPerSample {
      throw failure("The samples come first: write them as [\(elementsPerSample), \(count)]")
    }
    return self
  }
}
