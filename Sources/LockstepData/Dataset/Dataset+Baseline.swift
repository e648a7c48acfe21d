import PlatformC

/// What can be reached by the shares of the classes among the training samples alone, without looking at a sample.
public struct Baseline: Equatable, Sendable {
  /// The most frequent class of the training samples; of equally frequent ones the first.
  public var commonest: Int
  /// The accuracy of always answering that one, or of answering each class as often as it occurs: the larger.
  public var accuracy: Double
  /// The mean cross-entropy of giving every class the probability of its share, in nats.
  public var loss: Double

  /// By the number of training samples of each class, on as many samples of each.
  fileprivate init(training: [Int], on judged: [Int]) {
    let shares = Self.shares(of: training)
    let judgedShares = Self.shares(of: judged)
    let commonest = training.indices.reduce(0) { training[$1] > training[$0] ? $1 : $0 }
    let drawn = zip(shares, judgedShares).reduce(0) { $0 + $1.0 * $1.1 }
    // A class without training samples as if it had half of one: its logarithm is finite.
    let least = 0.5 / Double(max(training.reduce(0, +), 1))
    self.commonest = commonest
    accuracy = max(judgedShares[commonest], drawn)
    loss = zip(shares, judgedShares).reduce(0) { $1.1 > 0 ? $0 - $1.1 * log(max($1.0, least)) : $0 }
  }

  private static func shares(of counts: [Int]) -> [Double] {
    let total = Double(max(counts.reduce(0, +), 1))
    return counts.map { Double($0) / total }
  }
}

/// That of each part; nil for one without samples.
public struct Baselines: Equatable, Sendable {
  public var training: Baseline
  public var validation: Baseline?
  public var test: Baseline?
}

extension Dataset {
  /// What the training samples, but for those `heldBack`, tell of the labels of all parts.
  package func baselines(heldBack: [Int] = []) -> Baselines {
    let held = counts(heldBack.lazy.map { self.train.labels[$0] })
    let training = trainingSamples(heldBack: heldBack)
    func baseline(_ judged: [Int]) -> Baseline? {
      judged.contains { $0 > 0 } ? Baseline(training: training, on: judged) : nil
    }
    return Baselines(
      training: Baseline(training: training, on: training), validation: baseline(held),
      test: baseline(counts(test.labels)))
  }

  /// The number of training samples of each class, but for those `heldBack`.
  package func trainingSamples(heldBack: [Int]) -> [Int] {
    zip(counts(train.labels), counts(heldBack.lazy.map { self.train.labels[$0] })).map { $0 - $1 }
  }

  /// The number of labels of each class.
  func counts(_ labels: some Sequence<Int32>) -> [Int] {
    labels.reduce(into: [Int](repeating: 0, count: classes)) { $0[Int($1)] += 1 }
  }
}
