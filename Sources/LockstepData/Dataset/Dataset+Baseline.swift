import PlatformC

/// What can be reached without looking at a sample.
public struct Baseline: Equatable, Sendable {
  /// The most frequent class; of equally frequent ones the first.
  public var commonest: Int
  /// The accuracy of always answering that one.
  public var accuracy: Double
  /// The mean cross-entropy of giving every class the probability of its frequency: the entropy of the labels in nats.
  public var loss: Double
}

extension Dataset {
  /// That of the training samples, but for those `heldBack`.
  package func baseline(heldBack: [Int] = []) -> Baseline {
    var counts = [Int](repeating: 0, count: classes)
    for label in train.labels { counts[Int(label)] += 1 }
    for index in heldBack { counts[Int(train.labels[index])] -= 1 }
    let total = Double(max(counts.reduce(0, +), 1))
    let commonest = counts.indices.reduce(0) { counts[$1] > counts[$0] ? $1 : $0 }
    let shares = counts.map { Double($0) / total }
    return Baseline(
      commonest: commonest, accuracy: shares[commonest],
      loss: shares.reduce(0) { $1 > 0 ? $0 - $1 * log($1) : $0 })
  }
}
