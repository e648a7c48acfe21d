/// A network's loss and accuracy on a set of samples.
public struct Evaluation: Equatable, Sendable {
  /// The mean cross-entropy over the samples; 0 for none.
  public var loss: Double
  /// Samples whose largest logit is the label's.
  public var hits: Int
  /// The number of samples.
  public var count: Int
  /// The fraction of hits; 0 without samples.
  public var accuracy: Double { count == 0 ? 0 : Double(hits) / Double(count) }

  /// What was counted.
  package init(loss: Double, hits: Int, count: Int) {
    (self.loss, self.hits, self.count) = (loss, hits, count)
  }
}
