import LockstepRanks
import LockstepSupport

/// Sums gradients over nodes while the backward pass goes on: bucket by bucket, as they are completed. Only the thread
/// that initialised MPI may call it, which it does between pieces of its own work.
final class BucketExchange {
  private let buckets: GradientBuckets
  private let collective: any Collective
  private let team: ThreadTeam
  /// The sink of weight gradients cannot throw.
  private var failure: (any Error)?

  init(_ buckets: GradientBuckets, _ collective: any Collective, _ team: ThreadTeam) {
    (self.buckets, self.collective, self.team) = (buckets, collective, team)
  }

  var parts: [Range<Int>] { buckets.buckets.map(\.parameters) }

  /// Before the pass.
  func begin() {
    failure = nil
    team.betweenPieces = { [unowned self] in attempt { try collective.advanceSums() } }
  }

  /// A unit's gradient has been handed over. If it completes a bucket, `complete` must sum what is deferred and begin
  /// the exchange of these parameters.
  func add(unit: Int, complete: (_ parameters: Range<Int>) throws -> Void) {
    attempt {
      if let bucket = buckets.completed(by: unit) { try complete(bucket.parameters) }
      try collective.advanceSums()
    }
  }

  /// Waits for the sums. Collective.
  func finish() throws {
    team.betweenPieces = nil
    if let failure { throw failure }
    try collective.finishSums()
  }

  private func attempt(_ body: () throws -> Void) {
    guard failure == nil else { return }
    do { try body() } catch { failure = error }
  }
}

extension GradientBuckets {
  /// Bytes whose exchange takes thirty times what a message does, by a measurement of a few milliseconds between the
  /// first ranks of the nodes. Collective; the same on all ranks.
  static func suitableBytes(_ collective: any Collective) throws -> Int {
    var bytes = 0.0
    if collective.nodeRank == 0 {
      let large = 1 << 16
      let buffer = AlignedBuffer<Double>(count: large, zero: 0)
      func seconds(_ count: Int) throws -> Double {
        let elements = UnsafeMutableBufferPointer(rebasing: buffer.elements[..<count])
        try collective.allReduceAcrossNodes(elements)
        return try (0..<3).map { _ in try secondsOf { try collective.allReduceAcrossNodes(elements) } }.min()!
      }
      let (latency, exchange) = (try seconds(1), try seconds(large))
      bytes = 30 * latency * Double(8 * large) / max(exchange - latency, 1e-6)
    }
    let agreed = Double(bitPattern: try collective.allGather(bytes.bitPattern)[0])
    return Int(min(max(agreed, 0x1p17), 0x1p23))
  }
}
