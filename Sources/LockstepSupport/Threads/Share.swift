/// One of several even parts.
package struct Share: Equatable, Sendable {
  package let index: Int
  package let count: Int
  package static let whole = Share(index: 0, count: 1)

  package init(index: Int, count: Int) {
    precondition(0..<count ~= index)
    (self.index, self.count) = (index, count)
  }

  /// A share of this share.
  package func part(_ part: Share) -> Share {
    Share(index: index * part.count + part.index, count: count * part.count)
  }

  /// This share of `0 ..< n`, which begins at a multiple of `grain`.
  package func range(of n: Int, grain: Int = 1) -> Range<Int> {
    let blocks = (n + grain - 1) / grain
    return min(blocks * index / count * grain, n)..<min(blocks * (index + 1) / count * grain, n)
  }
}
