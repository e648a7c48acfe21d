import LockstepSupport

/// What the dimensions of images mean: [features], [height, width] or [channels, height, width]. Others are refused
/// with advice on what to write: guessing could yield wrong images on which training still runs.
enum ImageShape {
  /// The shape of a sample in a file of `count` samples of `shape`.
  ///
  /// - Throws: LockstepError (.data) naming `path`.
  static func reading(_ shape: [Int], count: Int, path: String) throws -> [Int] {
    func failure(_ what: String, _ fix: String) -> LockstepError {
      LockstepError(
        .data, path, expected: "images of the dimensions [n, height, width] or [n, channels, height, width]",
        found: "\([count] + shape)\(what)", fix: fix)
    }
    guard !shape.isEmpty else {
      throw failure(
        ", one number an image", "If these are the labels, give the two files each other's names")
    }
    guard shape.count > 2 else { return shape }
    var shape = shape
    // An axis of size 1 has no meaning: it is the channel of a grey image, at either end.
    if shape.count == 3, shape[2] == 1, shape[0] > 1, shape[1] > 1 { return Array(shape[..<2]) }
    if shape.count > 3 {
      shape = shape.filter { $0 > 1 }
      if shape.isEmpty { return [1] }
      guard shape.count <= 3 else {
        throw failure("", "For vectors without a shape write [\(count), \(shape.reduce(1, *))]")
      }
    }
    guard shape.count == 3, shape[0] > 1 else { return shape }
    let (first, second, last) = (shape[0], shape[1], shape[2])
    if last < min(first, second) || first == second && first != last {
      throw failure(
        ", it seems with \(last) channels in the last place",
        "Write the channels before the rows: [\(count), \(last), \(first), \(second)]")
    }
    // Images with many channels are square in practice; a reshaped vector is not.
    if first > max(second, last), second != last {
      throw failure(
        ", which may be \(first) channels of \(second)x\(last), \(last) of \(first)x\(second) or no images",
        "Write images as [n, channels, height, width] with fewer channels than rows or columns, for "
          + "vectors without a shape write [\(count), \(shape.reduce(1, *))]")
    }
    return shape
  }
}

extension SampleTable {
  /// The images in the shape that their dimensions mean, one for each label.
  ///
  /// - Throws: LockstepError (.data) naming `path`, or `labelsPath` if labels are missing.
  func images(labels: Int, path: String, labelsPath: String) throws -> SampleTable {
    if shape.last == labels, let largest = ([count] + shape.dropLast()).max(), labels > 2 * largest {
      throw LockstepError(
        .data, path, expected: "\(labels) images, one for each label, counted by the first dimension",
        found: "the dimensions \([count] + shape)",
        fix: "The samples come first: write \([labels] + [count] + shape.dropLast())")
    }
    if let written = samplesElsewhere(labels: labels) {
      throw LockstepError(
        .data, path, expected: "\(labels) images, one for each label, counted by the first dimension",
        found: "the dimensions \([count] + shape)", fix: "The samples come first: write \(written)")
    }
    let reading = try ImageShape.reading(shape, count: count, path: path)
    guard count == labels else {
      throw LockstepError(
        .data, labelsPath, expected: "\(count) labels, one for each image", found: "\(labels)",
        fix: "Take images and labels from the same dataset")
    }
    return shaped(reading)
  }

  /// The dimensions to write if a single row holds all samples: [1, n, 28, 28], or [n * 784].
  private func samplesElsewhere(labels: Int) -> [Int]? {
    let total = count * elementsPerSample
    guard labels > 1, count != labels, total > labels, total % labels == 0, count == 1 || shape.isEmpty else {
      return nil
    }
    if shape.first == labels, shape.count > 1 { return shape }
    return shape.count <= 1 ? [labels, total / labels] : nil
  }
}
