import Foundation

/// Where the threads of a `ThreadedCollective` meet: one lock and condition for all groups, so that it can tell
/// when nobody is left who could wake the others.
final class Rendezvous: @unchecked Sendable {
  private let condition = NSCondition()
  private let ranks: Int
  /// Ranks that wait in a call that is not complete, and ranks that have returned.
  private var waiting = 0
  private var finished = 0
  private var failure: String?

  init(ranks: Int) { self.ranks = ranks }

  func group(size: Int) -> Group { Group(self, size: size) }

  /// A rank has returned and takes part in no more calls.
  func finish() {
    condition.withLock {
      finished += 1
      failWhereStuck()
      condition.broadcast()
    }
  }

  func waitUntilAllFinish() {
    condition.withLock {
      while finished < ranks { condition.wait() }
    }
  }

  private func failWhereStuck() {
    guard waiting > 0, waiting + finished == ranks, failure == nil else { return }
    fail("\(waiting) of \(ranks) ranks wait for ranks that will not come")
  }

  private func fail(_ message: String) {
    failure = failure ?? message
    condition.broadcast()
  }

  /// The ranks of the world, or of one node.
  final class Group: @unchecked Sendable {
    private let meeting: Rendezvous
    private let size: Int
    private var call: String?
    private var present: [Int: Any] = [:]
    private var result: [Any] = []
    private var generation = 0

    init(_ meeting: Rendezvous, size: Int) {
      self.meeting = meeting
      self.size = size
    }

    /// Returns every member's value once all have made the same call.
    func meet(_ call: String, at index: Int, _ value: Any) throws -> [Any] {
      try meeting.condition.withLock {
        if let other = self.call, other != call { meeting.fail("one rank calls \(call), another \(other)") }
        self.call = call
        present[index] = value
        if present.count == size {
          complete()
        } else {
          wait()
        }
        if let failure = meeting.failure { throw ThreadedCollective.Stuck(description: failure) }
        return result
      }
    }

    private func complete() {
      // The next generation cannot complete before every member has read this result and called again.
      result = (0..<size).map { present[$0]! }
      present = [:]
      call = nil
      generation += 1
      meeting.waiting -= size - 1
      meeting.condition.broadcast()
    }

    private func wait() {
      let mine = generation
      meeting.waiting += 1
      meeting.failWhereStuck()
      while generation == mine, meeting.failure == nil { meeting.condition.wait() }
    }
  }
}
