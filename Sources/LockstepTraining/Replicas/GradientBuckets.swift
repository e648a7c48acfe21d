import LockstepNetwork

/// The parts of the flat buffer whose gradients go to other nodes together, in the order in which the backward pass
/// completes them: the last layers first, while it computes the layers before them.
package struct GradientBuckets {
  package struct Bucket: Equatable, Sendable {
    /// The lowest of the plan's units in it, whose gradient completes it.
    package let lastUnit: Int
    package let parameters: Range<Int>
  }

  package let buckets: [Bucket]

  /// Buckets of at least so many bytes, but for the last, of `width` bytes a parameter.
  init(_ plan: FusionPlan, byteCount: Int, width: Int) {
    self.init(units: plan.units.map(\.parameters), byteCount: byteCount, width: width)
  }

  /// `units`: each unit's parameters, in order.
  package init(units: [Range<Int>], byteCount: Int, width: Int) {
    var buckets: [Bucket] = []
    var end: Int?
    for (number, unit) in units.enumerated().reversed() where !unit.isEmpty {
      let upper = end ?? unit.upperBound
      let isFirstUnit = units[..<number].allSatisfy(\.isEmpty)
      guard isFirstUnit || (upper - unit.lowerBound) * width >= byteCount else {
        end = upper
        continue
      }
      buckets.append(Bucket(lastUnit: number, parameters: unit.lowerBound..<upper))
      end = nil
    }
    self.buckets = buckets
  }

  /// The bucket that is complete with a unit's gradient.
  package func completed(by unit: Int) -> Bucket? { buckets.first { $0.lastUnit == unit } }
}
