import PlatformC
import Synchronization

/// Spans of time by thread, in memory: one row for each thread of the team, of which the first is the main thread, and
/// one for background work. Only its thread writes to a row. Once a row is full nothing is recorded any more.
package final class TraceRecorder: @unchecked Sendable {
  package struct Span {
    /// An index of `names`.
    package let name: UInt32
    /// That of `Activity`; 0 before the first.
    package let step: UInt32
    /// Nanoseconds of this rank's clock (`now`).
    package let start: UInt64
    package let end: UInt64
  }

  private struct Row {
    let spans: UnsafeMutablePointer<Span>
    let count: UnsafeMutablePointer<Atomic<Int>>
  }

  /// Spans of a row, 24 bytes each, of which the system grants what is used.
  package static let capacity = 1 << 17

  /// This rank's clock where the trace begins, and the nanoseconds by which that may differ from the other ranks'.
  package let origin: UInt64
  package let clockError: UInt64
  package private(set) var names: [String] = []
  private var numbers: [String: UInt32] = [:]
  /// The main thread's innermost span, for the threads that work on it.
  private var innermost: UInt32 = 0
  private let rows: [Row]
  private let capacity: Int
  /// The step in which a row became full; -1 if none has.
  private let fullAt = Atomic<Int>(-1)

  /// For a team of `threads`.
  package init(threads: Int, origin: UInt64, clockError: UInt64, capacity: Int = TraceRecorder.capacity) {
    (self.origin, self.clockError, self.capacity) = (origin, clockError, capacity)
    rows = (0...threads).map { _ in
      let count = UnsafeMutablePointer<Atomic<Int>>.allocate(capacity: 1)
      count.initialize(to: Atomic(0))
      return Row(spans: .allocate(capacity: capacity), count: count)
    }
  }

  deinit {
    for row in rows {
      row.spans.deallocate()
      row.count.deallocate()
    }
  }

  /// The number of rows: the team's threads, and background work.
  package var rowCount: Int { rows.count }

  /// The step in which recording ended for want of room; nil if it did not.
  package var lastStep: Int? {
    let step = fullAt.load(ordering: .relaxed)
    return step < 0 ? nil : step
  }

  /// What a row's thread has recorded so far, by the spans' ends.
  package func spans(of row: Int) -> UnsafeBufferPointer<Span> {
    UnsafeBufferPointer(start: rows[row].spans, count: rows[row].count.pointee.load(ordering: .acquiring))
  }

  /// Nanoseconds of a clock that the processes of a machine have in common.
  package static var now: UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
  }

  package func span<T>(_ name: String, _ body: () throws -> T) rethrows -> T {
    let (outer, number, start) = (innermost, number(of: name), Self.now)
    innermost = number
    defer {
      add(number, since: start, row: 0)
      innermost = outer
    }
    return try body()
  }

  package func work(of thread: Int, _ body: () -> Int) -> Int {
    let start = Self.now
    let done = body()
    if done > 0 { add(innermost, since: start, row: thread) }
    return done
  }

  package func background(_ name: String, _ body: @escaping () -> Void) -> () -> Void {
    let (number, step) = (number(of: name), Activity.snapshot.step)
    return { [self] in
      let start = Self.now
      body()
      add(number, since: start, row: rows.count - 1, step: step)
    }
  }

  private func number(of name: String) -> UInt32 {
    if let number = numbers[name] { return number }
    let number = UInt32(names.count)
    names.append(name)
    numbers[name] = number
    return number
  }

  private func add(_ name: UInt32, since start: UInt64, row: Int, step: Int? = nil) {
    let (end, step, row) = (Self.now, step ?? Activity.snapshot.step, rows[row])
    guard fullAt.load(ordering: .relaxed) < 0 else { return }
    let count = row.count.pointee.load(ordering: .relaxed)
    guard count < capacity else {
      _ = fullAt.compareExchange(expected: -1, desired: step, ordering: .relaxed)
      return
    }
    (row.spans + count).initialize(
      to: Span(name: name, step: UInt32(truncatingIfNeeded: step), start: start, end: end))
    row.count.pointee.store(count + 1, ordering: .releasing)
  }
}
