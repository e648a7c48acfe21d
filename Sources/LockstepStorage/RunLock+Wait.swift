import LockstepRanks
import LockstepSupport
import PlatformC

extension RunLock {
  /// Takes the lock of a run directory, which is made where there is none.
  ///
  /// Waits as long as the holder says that it is stopping, and some seconds otherwise. `tell` is called with what it
  /// waits for, and where the file system has no locks. Throws `LockstepError` where another process keeps the lock
  /// (usage), and where `shouldStop` is true while it waits (stopped).
  public static func take(
    _ directory: String, shouldStop: () -> Bool = { false }, tell: (String) -> Void
  ) throws -> RunLock {
    var wait = RunLockWait(directory)
    while true {
      if let lock = try wait.attempt(tell) { return lock }
      if shouldStop() { throw wait.stopped }
      usleep(pause)
    }
  }

  /// As above, on rank 0; nil on the others. Collective: all ranks throw alike, where `shouldStop` is true on any too.
  public static func take(
    _ directory: String, collective: any Collective, shouldStop: () -> Bool = { false },
    tell: (String) -> Void
  ) throws -> RunLock? {
    var wait = RunLockWait(directory)
    while true {
      let lock = try collective.together { collective.rank == 0 ? try wait.attempt(tell) : nil }
      let answers = try collective.allGather((lock == nil ? 0 : 1) | (shouldStop() ? 2 : 0))
      if answers[0] & 1 == 1 { return lock }
      if answers.contains(where: { $0 & 2 == 2 }) {
        try collective.together { throw wait.stopped }
      }
      if collective.rank == 0 { usleep(pause) }
    }
  }

  /// Microseconds between two attempts.
  private static let pause: UInt32 = 50_000
}

/// Who a run's lock is waited for, and since when.
private struct RunLockWait {
  let directory: String
  private var holder: RunLockHolder?
  private var isTold = false
  /// Since the holder last was another, or stopping.
  private var start = ContinuousClock.now
  /// How long a lock is waited for: the ranks of an mpirun that was killed live on for one or two seconds.
  private static let patience = Duration.seconds(4)

  init(_ directory: String) { self.directory = directory }

  /// nil where it is to be tried again.
  mutating func attempt(_ tell: (String) -> Void) throws -> RunLock? {
    switch try RunLock.attempt(directory) {
    case .taken(let lock):
      if !lock.excludesOthers {
        tell(
          "warning: \(directory): the file system has no locks. Nothing keeps a second process out of this run"
        )
      }
      return lock
    case .held(let holder):
      if holder != self.holder || holder?.isStopping == true { start = ContinuousClock.now }
      self.holder = holder
      if let holder, holder.isStopping {
        if !isTold { tell("waiting for the run of \(holder), which is stopping") }
        isTold = true
      }
      guard ContinuousClock.now - start < Self.patience else { throw refusal }
      return nil
    }
  }

  private var name: String { holder.map { "\($0)" } ?? "another process" }

  private var refusal: LockstepError {
    LockstepError(
      .usage, "--output \(directory)", expected: "a directory that no other process trains in",
      found: "one that is locked by \(name)",
      fix: "Wait for that run's end or stop it, or choose another --output")
  }

  var stopped: LockstepError {
    LockstepError(
      .stopped, "--output \(directory)",
      found: "stopped on request while \(name) was still at work in it",
      fix: "Nothing was changed: go on with the same command")
  }
}
