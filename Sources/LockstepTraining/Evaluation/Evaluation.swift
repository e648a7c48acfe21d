/// A network's loss on a set of samples, and its accuracy or its errors.
public struct Evaluation: Equatable, Sendable {
  /// The mean over the samples of the cross-entropy, or of the loss of numbers that it was trained with; 0 for none.
  public var loss: Double
  /// Samples whose largest logit is the label's.
  public var hits: Int
  /// Where labels are numbers; nil for classes, and without samples.
  public var errors: RegressionErrors?
  /// The number of samples.
  public var count: Int
  /// The fraction of hits; 0 without samples.
  public var accuracy: Double { count == 0 ? 0 : Double(hits) / Double(count) }

  /// By which more is better: the accuracy, or R2.
  package var quality: Double { errors?.r2 ?? accuracy }

  /// Under their names in the metrics: loss and accuracy, or loss and errors.
  package var figures: [(name: String, value: Double)] {
    guard let errors else { return [("loss", loss), ("accuracy", accuracy)] }
    return [
      ("loss", loss), ("mae", errors.meanAbsolute), ("rmse", errors.rootMeanSquare), ("r2", errors.r2),
    ]
  }

  /// What was counted.
  package init(loss: Double, hits: Int, count: Int) {
    (self.loss, self.hits, self.count) = (loss, hits, count)
  }
}
