import LockstepSupport
import PlatformC
import Synchronization

/// Logs why a run ends when a watch ends it or a lost rank is about to: once, on the rank that keeps the run's files.
package enum LastWords {
  package typealias Note = @Sendable (_ step: Int, _ reason: String) -> Void
  private static let note = Mutex<Note?>(nil)

  /// `note` is called on a thread of the watch, with the number of the latest step. nil removes it.
  package static func set(_ note: Note?) { self.note.withLock { $0 = note } }

  /// Waits at most a second, because the file system itself may be stuck.
  static func say(_ reason: String) {
    guard
      let note = note.withLock({ note in
        defer { note = nil }
        return note
      })
    else { return }
    let step = Activity.snapshot.step
    let task = BackgroundTask { note(step, reason) }
    for _ in 0..<100 where !task.isDone { usleep(10_000) }
  }
}
