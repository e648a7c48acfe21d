import LockstepSupport
import Synchronization

/// The heartbeats of ranks that share memory: one row a rank, which that rank writes and all read.
final class HeartbeatTable: @unchecked Sendable {
  private let memory: SharedMemory
  private let rows: UnsafeMutablePointer<Atomic<UInt64>>
  private let count: Int
  /// A cache line that no other rank writes: count, phase and step, collective call, answers, and whether the rank has
  /// ended.
  private static let rowLength = 8

  static func byteCount(ranks: Int) -> Int { (ranks + 1) * rowLength * MemoryLayout<UInt64>.stride }

  /// `memory` is zeroed, `byteCount(ranks:)` bytes.
  init(_ memory: SharedMemory, ranks: Int) {
    self.memory = memory
    count = ranks
    rows = memory.bytes.bindMemory(to: Atomic<UInt64>.self).baseAddress!
  }

  private func field(_ number: Int, of row: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    rows + row * Self.rowLength + number
  }

  /// Where the rank's main thread stores its phase, step and collective call.
  func activityWords(of row: Int) -> UnsafeMutablePointer<Atomic<UInt64>> { field(1, of: row) }

  func write(_ beat: StallDetector.Beat, to row: Int) {
    field(3, of: row).pointee.store(beat.activity.answers, ordering: .relaxed)
    field(0, of: row).pointee.store(beat.count, ordering: .releasing)
  }

  /// nil once the rank has ended.
  func beat(of row: Int) -> StallDetector.Beat? {
    guard !hasEnded(row) else { return nil }
    let count = field(0, of: row).pointee.load(ordering: .acquiring)
    let word = field(1, of: row).pointee.load(ordering: .relaxed)
    let call = CollectiveCall(word: field(2, of: row).pointee.load(ordering: .relaxed))
    let answers = field(3, of: row).pointee.load(ordering: .relaxed)
    return .init(count: count, activity: .init(word: word, answers: answers), call: call)
  }

  func hasEnded(_ row: Int) -> Bool { field(4, of: row).pointee.load(ordering: .relaxed) != 0 }

  func end(_ row: Int) { field(4, of: row).pointee.store(1, ordering: .relaxed) }

  /// True for the first rank that calls it, which then reports the stall.
  @discardableResult
  func claimReport() -> Bool {
    field(0, of: count).pointee.compareExchange(expected: 0, desired: 1, ordering: .relaxed).exchanged
  }

  var isReportClaimed: Bool { field(0, of: count).pointee.load(ordering: .relaxed) != 0 }
}
