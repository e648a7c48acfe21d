import LockstepSupport

extension Dataset {
  /// Warnings of valid data from which a result means little (a class without samples, labels all alike, blank images),
  /// one sentence each. `heldBack` are the indices of training samples that validate and are not trained on; test files
  /// are missed unless they are left out on purpose.
  ///
  /// - Complexity: O(n) in the number of samples for bytes, with an early exit for each image that is not blank; O(n)
  ///   in the number of elements for other types.
  public func warnings(heldBack: [Int] = [], missesTest: Bool = true) -> [String] {
    let judges = heldBack.isEmpty ? "training" : "validation"
    let noTest =
      test.count == 0 && missesTest
      ? [
        "there are no test files: the result is that of the \(judges) samples"
          + (heldBack.isEmpty ? ". --validation-split 0.1 holds some back to judge by" : "")
      ] : []
    return (noTest + labelWarnings(heldBack) + (sameness.map { [$0] } ?? blankImages) + strangeNumbers).map {
      "\(name): \($0)"
    }
  }

  private func labelWarnings(_ heldBack: [Int]) -> [String] {
    guard targetColumns == nil else { return targetWarnings }
    let training = trainingSamples(heldBack: heldBack.filter(train.labels.indices.contains))
    return Self.warnings(training: training, test: counts(test.labels))
  }

  /// Warnings for the number of samples of each class.
  static func warnings(training: [Int], test: [Int]) -> [String] {
    let (trainingCount, testCount) = (training.reduce(0, +), test.reduce(0, +))
    let classes = training.indices
    var warnings = alike(training: training, test: test)
    func add(_ condition: Bool, _ text: @autoclosure () -> String) {
      if condition { warnings.append(text()) }
    }

    let testOnly = classes.filter { training[$0] == 0 && test[$0] > 0 }
    if trainingCount > 0 {
      let unlearned = testOnly.reduce(0) { $0 + test[$1] }
      add(
        !testOnly.isEmpty,
        "\(list(testOnly, of: classes.count)) no training sample, but \(unlearned) of \(testCount) test samples "
          + "(\(percent(Double(unlearned) / Double(max(testCount, 1))))), which cannot be learned")
      let nowhere = classes.filter { training[$0] == 0 && test[$0] == 0 }
      add(
        !nowhere.isEmpty && training.count { $0 > 0 } > 1,
        "\(list(nowhere, of: classes.count)) no training sample"
          + (nowhere.first == 0 ? ". Classes are counted from 0" : ""))
      let taught = training.count { $0 > 0 }
      add(
        trainingCount <= 2 * classes.count && classes.count > 2 || taught > 10 && trainingCount < 10 * taught,
        "\(classes.count) classes, but \(trainingCount) training \(trainingCount == 1 ? "sample" : "samples"): "
          + "too few of each to learn from"
      )
      // A small test set may lack a class by chance, but not if 20 samples of it would be expected.
      let untested = classes.filter { test[$0] == 0 && training[$0] * testCount >= 20 * trainingCount }
      let samples = untested.reduce(0) { $0 + training[$1] }
      add(
        !untested.isEmpty && test.count { $0 > 0 } > 1,
        "\(list(untested, of: classes.count)) \(samples) of \(trainingCount) training samples, but no test sample: "
          + "the test does not judge them")
    }
    return warnings
  }

  /// Warnings of labels that are all the same, or nearly.
  private static func alike(training: [Int], test: [Int]) -> [String] {
    let parts = [("training", training), ("test", test)].map { ($0, $1, $1.reduce(0, +)) }
    var warnings: [String] = []
    let alike = parts.compactMap {
      part, counts, total -> (String, Int)? in
      guard total > 1, let only = counts.firstIndex(of: total) else { return nil }
      return ("\(total) \(part) samples", only)
    }
    if alike.count == 2, alike[0].1 == alike[1].1 {
      warnings.append(
        "all labels are \(alike[0].1), of \(alike[0].0) and \(alike[1].0): any network reads them all, and the "
          + "accuracy says nothing")
    } else {
      for (samples, label) in alike { warnings.append("the labels of all \(samples) are \(label)") }
    }
    for (part, counts, total) in parts {
      let most = counts.max() ?? 0
      guard most < total, most * 100 >= total * 99, let label = counts.firstIndex(of: most) else { continue }
      let fraction = percent(Double(most) / Double(total))
      warnings.append(
        "\(fraction) of the \(part) samples are of class \(label): who always says \(label) reaches that accuracy"
      )
    }
    return warnings
  }

  /// "classes 3, 5, 6 of 10 have"
  private static func list(_ classes: [Int], of count: Int) -> String {
    let shown = classes.prefix(6).map(String.init).joined(separator: ", ")
    let more = classes.count > 6 ? " and \(classes.count - 6) more" : ""
    return (classes.count == 1 ? "class \(shown)" : "classes \(shown)\(more)") + " of \(count) "
      + (classes.count == 1 ? "has" : "have")
  }

  /// Warnings if more than a few images are blank.
  private var blankImages: [String] {
    [("training", train.images), ("test", test.images)].compactMap { part, images in
      guard images.shape.count > 1 else { return nil }
      let blank = images.countOfBlanks
      guard blank * 50 >= images.count, blank > 1 else { return nil }
      return "\(blank) of \(images.count) \(part) images have one value throughout: a blank picture"
    }
  }
}

extension SampleTable {
  /// The number of images whose elements, more than one, are all equal.
  fileprivate var countOfBlanks: Int {
    guard elementsPerSample > 1 else { return 0 }
    let (size, width) = (sampleByteCount, element.byteCount)
    return withExtendedLifetime(self) {
      (0..<count).count { sample in
        let start = sample * size
        // Equal to itself when shifted by one element.
        return (start + width..<start + size).allSatisfy { bytes[$0] == bytes[$0 - width] }
      }
    }
  }
}
