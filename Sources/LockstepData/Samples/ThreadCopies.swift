import LockstepSupport

/// Rows of which every thread of a team has its own copy, because all threads read all of them and they are cheap to
/// recompute, like samples from a dataset's bytes: fetching a cache line that another core has just written takes
/// longer than converting sixteen pixels.
package final class ThreadCopies: @unchecked Sendable {
  private let copies: [AlignedBuffer<Float>]
  private var fill: (UnsafeMutablePointer<Float>) -> Void = { _ in }
  private var version = 0
  /// The version of each thread's copy, a cache line apart.
  private let versions: AlignedBuffer<Int>
  private static let lineStride = 8

  package init(threads: Int, count: Int) {
    copies = (0..<threads).map { _ in AlignedBuffer(count: count, zero: 0) }
    versions = AlignedBuffer(count: threads * Self.lineStride, zero: 0)
  }

  /// Makes all copies stale; `fill` writes a new one. Call it between two jobs of the team.
  package func renew(_ fill: @escaping (UnsafeMutablePointer<Float>) -> Void) {
    self.fill = fill
    version += 1
  }

  /// The calling thread's copy, refreshed if stale.
  package func readied(for thread: Int) -> UnsafeMutablePointer<Float> {
    let copy = copies[thread].pointer
    if versions.pointer[thread * Self.lineStride] != version {
      fill(copy)
      versions.pointer[thread * Self.lineStride] = version
    }
    return copy
  }
}
