import LockstepSupport

/// Finite numbers from which training cannot learn.
extension Dataset {
  /// A warning if all training images are the same.
  var sameness: String? {
    let images = train.images
    guard images.count > 1, images.isOneSample else { return nil }
    let value = images.isOneNumber ? ": every number is \(images.element.value(at: 0, in: images.bytes))" : ""
    return "all \(images.count) training images are alike\(value). There is nothing to learn from them"
  }

  /// Warnings of numbers that lose their meaning in Float when normalised by the training images' mean and deviation.
  var strangeNumbers: [String] {
    guard train.count > 1, train.images.element != .uint8, let spread = Spread(train.images) else {
      return []
    }
    let (mean, deviation) = (spread.mean, spread.deviation)
    // The square underflows before the deviation itself does.
    let scale = Float(1 / deviation)
    guard scale.isNormal, (deviation * deviation).isNormal else {
      return [
        "the numbers of the training images deviate by \(deviation) from their mean: no scale in Float fits that. "
          + "Write them in another unit"
      ]
    }
    var found: [String] = []
    if abs(mean) > 1e5 * deviation {
      found.append(
        "the numbers of the training images deviate by \(deviation) from a mean of \(mean), of which Float leaves "
          + "little. Subtract the mean before writing them")
    }
    for (part, images) in [("training", train.images), ("test", test.images)] where images.count > 0 {
      let (index, value) = images.farthest(from: mean)
      let distance = abs(value - mean) / deviation
      let ofVariance = distance * distance / Double(spread.count)
      guard distance > 1000 || spread.count >= 1000 && ofVariance > 0.25 else { continue }
      let (sample, element) = index.quotientAndRemainder(dividingBy: images.elementsPerSample)
      let times = distance < 1e6 ? "\(Int(distance))" : "more than a million"
      found.append(
        "\(value) in \(part) image \(sample) (counted from 0), \(images.place(of: element)), is \(times) "
          + "deviations from the mean of the training images, \(mean). Beside it the others may count for nothing"
      )
    }
    return found
  }
}

/// Mean and deviation, exact enough for numbers far from 0.
private struct Spread {
  let mean: Double
  let deviation: Double
  let count: Int

  /// nil if there are no numbers, or all are the same.
  init?(_ table: SampleTable) {
    let count = table.count * table.elementsPerSample
    guard count > 0, !table.isOneNumber else { return nil }
    var (sum, squares) = (0.0, 0.0)
    table.forEach { sum += $1 }
    let mean = sum / Double(count)
    table.forEach { squares += ($1 - mean) * ($1 - mean) }
    (self.mean, self.count) = (mean, count)
    deviation = (squares / Double(count)).squareRoot()
  }
}

extension SampleTable {
  fileprivate func forEach(_ body: (_ index: Int, _ value: Double) -> Void) {
    Activity.duringFileAccess(.readingFile) {
      withExtendedLifetime(self) {
        for sample in 0..<count {
          Activity.noteAnswer()
          for index in sample * elementsPerSample..<(sample + 1) * elementsPerSample {
            body(index, element.value(at: index, in: bytes))
          }
        }
      }
    }
  }

  fileprivate func farthest(from mean: Double) -> (index: Int, value: Double) {
    var (place, farthest, distance) = (0, mean, -1.0)
    forEach { index, value in
      if abs(value - mean) > distance { (place, farthest, distance) = (index, value, abs(value - mean)) }
    }
    return (place, farthest)
  }

  /// Whether all samples are the same; stops at the first that differs.
  fileprivate var isOneSample: Bool { repeats(after: sampleByteCount) }
  fileprivate var isOneNumber: Bool { repeats(after: element.byteCount) }

  private func repeats(after period: Int) -> Bool {
    withExtendedLifetime(self) {
      (period..<max(bytes.count, period)).allSatisfy { bytes[$0] == bytes[$0 - period] }
    }
  }
}
