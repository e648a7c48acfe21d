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
}

extension BatchLoss {
  package var unit: Double { 1 }
}

/// A sum of losses that is exact in any order, and the number of rows whose class was found.
package struct LossSum: Equatable, Sendable {
  package var loss = ExactSum()
  package var hits = 0
}

/// A sum of doubles that is the same in any order: whole numbers, and rests on `ExactGrid`.
package struct ExactSum: Equatable, Sendable {
  package var whole = 0.0
  package var rest = 0.0
  package var value: Double { whole + rest }

  package init() {}
  package init(whole: Double = 0, rest: Double) { (self.whole, self.rest) = (whole, rest) }

  /// Beyond this a term counts as this: sums of 2^13 such are whole numbers still.
  private static let largest = 0x1p40

  /// Adds a term that has been divided by the number of terms; a NaN stays one.
  package mutating func add(_ term: Double) {
    let bounded = abs(term) > Self.largest ? Double(signOf: term, magnitudeOf: Self.largest) : term
    let own = bounded.rounded()
    whole += own
    rest += ExactGrid.rounded(bounded - own)
  }

  package static func + (a: ExactSum, b: ExactSum) -> ExactSum {
    ExactSum(whole: a.whole + b.whole, rest: a.rest + b.rest)
  }
}
