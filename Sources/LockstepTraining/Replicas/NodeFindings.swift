import LockstepNetwork
import LockstepSupport

/// What the ranks of a node found as each summed its share of the divided units: failures, and what integer grids need.
/// In the node's shared memory, and alternating between two steps: no rank overwrites what a slower one has yet to
/// read.
struct NodeFindings {
  private let words: AlignedBuffer<UInt32>
  private let ranks: Int
  private let tensors: Int

  /// Failures, values cut off, and the largest magnitudes; the ranks' in different cache lines.
  private static func stride(tensors: Int) -> Int { (2 + tensors + 15) / 16 * 16 }

  static func byteCount(ranks: Int, tensors: Int) -> Int { 2 * ranks * stride(tensors: tensors) * 4 }

  init(ranks: Int, tensors: Int, in memory: SharedMemory) {
    (self.ranks, self.tensors) = (ranks, tensors)
    words = AlignedBuffer(
      sharing: memory, from: 0, count: Self.byteCount(ranks: ranks, tensors: tensors) / 4)
  }

  private func place(_ step: Int, _ rank: Int) -> UnsafeMutablePointer<UInt32> {
    words.pointer + (step % 2 * ranks + rank) * Self.stride(tensors: tensors)
  }

  /// Before the node's barrier. `rank` is the rank's number on its node.
  func write(step: Int, rank: Int, failures: Int, _ findings: GridFindings?) {
    let place = place(step, rank)
    place[0] = UInt32(failures)
    guard let findings else { return }
    place[1] = UInt32(truncatingIfNeeded: findings.takeClamped())
    for (number, bits) in findings.largest.enumerated() { place[2 + number] = bits }
  }

  /// After the node's barrier.
  func hasFailures(step: Int) -> Bool { (0..<ranks).contains { place(step, $0)[0] > 0 } }

  func clamped(step: Int) -> Int { (0..<ranks).reduce(0) { $0 + Int(place(step, $1)[1]) } }

  func largest(step: Int) -> [UInt32] {
    (0..<tensors).map { tensor in (0..<ranks).map { place(step, $0)[2 + tensor] }.max() ?? 0 }
  }
}
