import LockstepData
import LockstepSupport

/// What training lessens, and its gradient with respect to what the network gives.
package protocol BatchLoss: AnyObject {
  /// Computes the losses of some rows, for `total`, on the calling thread. Writes the loss's gradient, divided by
  /// `divisor` (the samples of all ranks, or the sum of their weights), if `gradient` is given.
  func evaluate(
    _ rows: Range<Int>, outputs: Activations, targets: BatchTargets, divisor: Double, gradient: Activations?)

  /// Sums over rows that were evaluated, each one's loss divided by `divisor`.
  func total(rows: Int, divisor: Double) -> LossSum

  /// What a sum is to be multiplied by for the unit of the data.
  var unit: Double { get }
  /// The power of errors that it is the mean of; nil for another loss.
  var power: Int? { get }
}

extension BatchLoss {
  package var unit: Double { 1 }
  package var power: Int? { nil }
}

/// A sum of losses that is exact in any order, and the number of rows whose class was found.
package struct LossSum: Equatable, Sendable {
  package var loss = ExactSum()
  package var hits = 0
}
