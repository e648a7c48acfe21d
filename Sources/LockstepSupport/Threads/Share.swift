/// One of several even parts.
package struct Share: Equatable, Sendable {
  package let index: Int
  package let count: Int
  package static let whole = Share(index: 0, count: 1)

  package init(index: Int, count: Int) {
    precondition(0..<count ~= index)
    (self.index, self.count) = (index, count)
  }

  /// Where even part `index` of `count` begins in `0 ..< n`; n for the index after the last. Sizes differ by at most
  /// one.
  package static func begin(_ index: Int, of count: Int, in n: Int) -> Int { n * index / count }

  /// A share of this share.
  package func part(_ part: Share) -> Share {
    Share(index: index * part.count + part.index, count: count * part.count)
  }

  /// This share of `0 ..< n`, which begins at a multiple of `grain`.
  package func range(of n: Int, grain: Int = 1) -> Range<Int> {
    let blocks = (n + grain - 1) / grain
    func begin(_ index: Int) -> Int { min(Self.begin(index, of: count, in: blocks) * grain, n) }
    return begin(index)..<begin(index + 1)
  }
}
