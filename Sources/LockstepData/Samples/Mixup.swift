import LockstepSupport

/// Mixup (Zhang, Cisse, Dauphin, Lopez-Paz 2018): a training sample x with target t becomes
///
///     (1 - part) x + part x',  (1 - part) t + part t'
///
/// of a training sample x' drawn from all, both after augmentation. Partner and part are functions of (seed, epoch,
/// sample) alone: part is the smaller of lambda and 1 - lambda, which says which of both is the other, and lambda is
/// drawn from Beta(alpha, alpha).
package struct Mixup: Sendable {
  private let alpha: Double
  private let seed: UInt64
  private let epoch: Int
  /// Of the training samples, from which partners are picked.
  private let order: EpochOrder

  /// For alpha above 0, at most 1, and the order of the epoch.
  package init(alpha: Double, seed: UInt64, epoch: Int, order: EpochOrder) {
    (self.alpha, self.seed, self.epoch, self.order) = (alpha, seed, epoch, order)
  }

  /// Which sample of the training data a sample is mixed with, and how much of it there is, 0 to 1/2.
  package func partner(of sample: Int) -> (sample: Int, part: Float) {
    let random = CounterRandom(seed: seed, purpose: .mixup, time: epoch, sample: sample)
    let entry = (UInt64(random.bits(0)) * UInt64(order.count)) >> 32
    return (order[Int(entry)], Float(part(random)))
  }

  /// By Jöhnk's algorithm: of two uniform numbers u and v with u^(1/alpha) + v^(1/alpha) <= 1, the first power's
  /// share of the sum is distributed as Beta(alpha, alpha). At least half of all pairs are such.
  private func part(_ random: CounterRandom) -> Double {
    for trial in 1...100 {
      let bits = random.block(trial)
      let (u, v) = (logarithm(Self.unit(bits[0])) / alpha, logarithm(Self.unit(bits[1])) / alpha)
      guard exponential(u) + exponential(v) <= 1 else { continue }
      // The share of the smaller power, which may be too small for a double, as both may.
      let ratio = exponential(-abs(u - v))
      return ratio / (1 + ratio)
    }
    return 0.5
  }

  /// In (0, 1).
  private static func unit(_ bits: UInt32) -> Double { (Double(bits) + 0.5) * 0x1p-32 }
}
