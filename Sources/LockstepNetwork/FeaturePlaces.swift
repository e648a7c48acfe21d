import LockstepData

/// Where the features of one layout stand in another, as runs of memory.
struct FeaturePlaces: Sendable {
  private struct Run {
    var inner: Int
    var outer: Int
    var count: Int
  }

  private let runs: [Run]

  /// Those of `inner` in `outer`, where they begin with the canonical number `first`, for images a channel's first.
  init(of inner: FeatureLayout, in outer: FeatureLayout, from first: Int = 0) {
    if inner.shape.count == 3, inner.isInterleaved, outer.isInterleaved, let from = inner.image,
      let to = outer.image
    {
      let pixels = from.height * from.width
      runs = (0..<pixels).map {
        Run(inner: $0 * from.pixelStride, outer: $0 * to.pixelStride + first / pixels, count: from.channels)
      }
    } else if inner.image == nil, outer.image == nil {
      runs = [Run(inner: 0, outer: first, count: inner.features)]
    } else {
      runs = Self.runs(of: inner, in: outer, from: first)
    }
  }

  private static func runs(of inner: FeatureLayout, in outer: FeatureLayout, from first: Int) -> [Run] {
    let pairs = (0..<inner.features).map { (inner.position(of: $0), outer.position(of: first + $0)) }
    return pairs.sorted { $0.1 < $1.1 }.reduce(into: []) { runs, pair in
      if let last = runs.last, last.inner + last.count == pair.0, last.outer + last.count == pair.1 {
        runs[runs.count - 1].count += 1
      } else {
        runs.append(Run(inner: pair.0, outer: pair.1, count: 1))
      }
    }
  }

  /// From a row of the inner layout to one of the outer, or adds them.
  func copy(from inner: UnsafePointer<Float>, to outer: UnsafeMutablePointer<Float>, adds: Bool) {
    for run in runs { Self.copy(inner + run.inner, outer + run.outer, run.count, adds) }
  }

  /// The other way.
  func copyBack(from outer: UnsafePointer<Float>, to inner: UnsafeMutablePointer<Float>, adds: Bool) {
    for run in runs { Self.copy(outer + run.outer, inner + run.inner, run.count, adds) }
  }

  private static func copy(
    _ from: UnsafePointer<Float>, _ to: UnsafeMutablePointer<Float>, _ count: Int, _ adds: Bool
  ) {
    guard adds else { return to.update(from: from, count: count) }
    for i in 0..<count { to[i] += from[i] }
  }
}
