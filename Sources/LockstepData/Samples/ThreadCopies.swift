import LockstepSupport

/// Rows of which every thread of a team makes a copy of its own: cheap to make again, like samples from a dataset's
/// bytes, and read in full by every thread. A core takes longer to fetch a line that another one has just written
/// than to convert sixteen pixels.
package final class ThreadCopies: @unchecked Sendable {
  private let copies: [AlignedBuffer<Float>]
  private var fill: (UnsafeMutablePointer<Float>) -> Void = { _ in }
  private var version = 0
  /// The version that each thread has, a cache line apart.
  private let versions: AlignedBuffer<Int>
  private static let lineStride = 8

  package init(threads: Int, count: Int) {
    copies = (0..<threads).map { _ in AlignedBuffer(count: count, zero: 0) }
    versions = AlignedBuffer(count: threads * Self.lineStride, zero: 0)
  }

  /// From now on every thread's copy is what `fill` writes into it. To be called between two jobs of the team.
  package func renew(_ fill: @escaping (UnsafeMutablePointer<Float>) -> Void) {
    self.fill = fill
    version += 1
  }

  /// The calling thread's copy, which it first makes where the last one is stale.
  package func readied(for thread: Int) -> UnsafeMutablePointer<Float> {
    let copy = copies[thread].pointer
    if versions.pointer[thread * Self.lineStride] != version {
      fill(copy)
      versions.pointer[thread * Self.lineStride] = version
    }
    return copy
  }
}
