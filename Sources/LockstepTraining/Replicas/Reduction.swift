import LockstepNetwork

/// How gradients are summed over micro-batches and ranks.
public enum Reduction: String, CaseIterable, Sendable {
  /// In doubles, the same bits for any number of ranks: docs/design.md, "The exact sum".
  case exact
  /// The same promise with 4 bytes a parameter between ranks: integers, to the nearest multiple of a power of two.
  case exact32
  /// The same promise with 2 bytes a parameter: integers, rounded up or down at random.
  case exact16
  /// In Float: ranks of one run agree with each other, runs on other numbers of ranks do not.
  case fast

  /// The bits of the integers that are summed; nil if none are.
  var integerBits: Int? {
    switch self {
    case .exact, .fast: nil
    case .exact32: 32
    case .exact16: 16
    }
  }

  /// The bytes of a parameter's gradient between ranks.
  package var byteCount: Int {
    switch self {
    case .exact: 8
    case .exact32, .fast: 4
    case .exact16: 2
    }
  }
}

extension MicroBatches {
  /// The chains of additions of a weight gradient: one a micro-batch, or with the fast reduction one over all rows.
  package func chained(by reduction: Reduction) -> MicroBatches {
    reduction == .fast ? MicroBatches(bounds: [0, bounds.last ?? 0], first: first) : self
  }
}
