import LockstepSupport
import PlatformC
import Synchronization

/// What is still to be noted of a run that a watch ends, or that a lost rank is about to end: once, on the rank that
/// keeps the run's files.
public enum LastWords {
  public typealias Note = @Sendable (_ step: Int, _ reason: String) -> Void
  private static let note = Mutex<Note?>(nil)

  /// `note` is called on a thread of the watch, with the number of the latest step; nil for none.
  public static func set(_ note: Note?) { self.note.withLock { $0 = note } }

  /// Waits a second at most: the file system may be what is stuck.
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
