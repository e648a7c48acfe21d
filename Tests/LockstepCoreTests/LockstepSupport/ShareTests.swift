import LockstepCore
import Testing

@Suite struct ShareTests {
  /// Every unit is in one share, and no share is more than a grain larger than another.
  @Test(arguments: [0, 1, 5, 16, 31, 785], [1, 2, 3, 7, 40])
  func sharesCoverAll(n: Int, count: Int) {
    for grain in [1, 16] {
      let shares = (0..<count).map { Share(index: $0, count: count).range(of: n, grain: grain) }
      #expect(shares.flatMap { Array($0) } == Array(0..<n))
      #expect(shares.allSatisfy { $0.isEmpty || $0.lowerBound % grain == 0 })
      let sizes = shares.map { ($0.count + grain - 1) / grain }
      #expect(sizes.max()! - sizes.min()! <= 1)
    }
  }
}
