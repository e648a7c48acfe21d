import LockstepSupport
import Synchronization

/// Ends the job if a rank is stalled: stopped, lost with its node, or stuck in the file system. Without it the others
/// would wait in MPI forever.
///
/// A thread of each rank beats while the process runs, whatever its main thread does. Ranks of a node see each other's
/// heartbeats in shared memory; across nodes each rank sends its own to a few watchers, by UDP, or by TCP where
/// that does not get through.
public final class StallWatch {
  /// Ends this process at once, on a thread of the watch, after showing the message if there is one.
  public typealias End = @Sendable (_ message: String?) -> Never

  /// The parts of a message besides ranks and seconds.
  public struct Words: Sendable {
    /// What to do after removing the cause: a message ends in "see to that and ...".
    var advice: String
    /// What a rank is doing in this phase of this step.
    var describe: @Sendable (_ phase: Phase, _ step: Int) -> String

    public init(advice: String, describe: @escaping @Sendable (_ phase: Phase, _ step: Int) -> String) {
      (self.advice, self.describe) = (advice, describe)
    }
  }

  private let state: StallWatchState
  private var task: BackgroundTask?

  /// Collective, with the same timeout in seconds on all ranks. Must be ended by `stop`.
  ///
  /// `tell` is called on rank 0 if the heartbeats of some nodes do not reach others; `end` is called if this rank finds
  /// a stall or another rank has reported one. Throws `LockstepError` (usage) for a timeout that is not above 0.
  public init(
    timeout: Double, words: Words, collective: any Collective, tell: (String) -> Void, end: @escaping End
  ) throws {
    guard timeout > 0 else {
      throw LockstepError(.usage, "timeout", expected: "seconds above 0", found: "\(timeout)")
    }
    let state = try StallWatchState(timeout: timeout, words: words, collective: collective, end: end)
    self.state = state
    task = BackgroundTask { state.run() }
    guard state.usesSockets else { return }
    try collective.barrier()  // after it every rank has a thread that beats
    let missing = try state.reachWatchers(collective)
    if collective.rank == 0, let rank = missing.firstIndex(where: { $0 > 0 }) {
      tell(
        "heartbeats (by UDP, and by TCP) of \(missing[rank]) ranks do not reach rank \(rank) on "
          + "\(state.members.hosts[rank]): "
          + "of ranks that stop, only those are noticed that have another on their node")
    }
  }

  deinit { stop() }

  /// Ends the watch; not collective. Must precede the release of the collective's shared memory.
  public func stop() {
    guard let task else { return }
    state.isEnding.store(true, ordering: .relaxed)
    state.wake()
    task.wait()
    Activity.stopTelling()
    self.task = nil
  }
}
