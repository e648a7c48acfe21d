import LockstepNetwork

/// A step's results besides the gradient.
package struct StepMetrics: Equatable, Sendable {
  /// The mean loss over the global batch.
  package var loss: ExactSum
  /// Samples whose largest logit was the label's.
  package var hits: Int
  /// Ranks whose gradient was NaN or too large.
  package var failures = 0
  /// Ranks with a request to stop. It is summed with the gradient, so that all ranks stop after the same step.
  package var stopRequests = 0
  /// Gradients of micro-batches cut off at the end of an integer grid.
  package var clamped = 0
}

extension StepMetrics {
  /// As stored in a buffer.
  init(values: [Double]) {
    self.init(
      loss: ExactSum(values: values[4..<4 + ExactSum.valueCount]), hits: Int(values[0]),
      failures: Int(values[1]), stopRequests: Int(values[2]), clamped: Int(values[3]))
  }
  var values: [Double] {
    [Double(hits), Double(failures), Double(stopRequests), Double(clamped)] + loss.values
  }
  static let valueCount = 4 + ExactSum.valueCount

  static func + (a: StepMetrics, b: StepMetrics) -> StepMetrics {
    StepMetrics(
      loss: a.loss + b.loss, hits: a.hits + b.hits, failures: a.failures + b.failures,
      stopRequests: a.stopRequests + b.stopRequests, clamped: a.clamped + b.clamped)
  }
}
