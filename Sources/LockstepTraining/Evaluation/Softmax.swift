import LockstepSupport

/// The probabilities that a network gives the classes of a sample (Goodfellow, Bengio, Courville: Deep Learning,
/// 4.1), in double. One order of sums and an exponential of our own: equal logits give equal bits on every machine.
package enum Softmax {
  /// Writes `[classes]` probabilities for the logits, `[classes]`.
  package static func probabilities(
    of logits: UnsafeBufferPointer<Float>, into probabilities: UnsafeMutablePointer<Double>
  ) {
    var largest = -Float.infinity
    for logit in logits where logit > largest { largest = logit }
    var sum = 0.0
    for (index, logit) in logits.enumerated() {
      let value = exponential(Double(logit) - Double(largest))
      probabilities[index] = value
      sum += value
    }
    for index in logits.indices { probabilities[index] /= sum }
  }
}
