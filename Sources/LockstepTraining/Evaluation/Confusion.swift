/// How many samples of one class were taken for another, or for itself: an element of the confusion matrix.
public struct Confusion: Equatable, Sendable {
  /// The label.
  public let actual: Int
  /// The class with the largest logit.
  public let predicted: Int
  /// The number of such samples.
  public let count: Int

  /// The elements that are not 0, by actual and then by predicted class. As many as there are samples at most, where
  /// the whole matrix of 65,536 classes would fill 32 GB.
  static func all(labels: [Int32], predicted: [Int32]) -> [Confusion] {
    var counts: [UInt64: Int] = [:]
    for (label, class_) in zip(labels, predicted) {
      counts[UInt64(UInt32(bitPattern: label)) << 32 | UInt64(UInt32(bitPattern: class_)), default: 0] += 1
    }
    return counts.sorted { $0.key < $1.key }.map {
      Confusion(actual: Int($0.key >> 32), predicted: Int($0.key & 0xFFFF_FFFF), count: $0.value)
    }
  }
}
