import LockstepRanks
import LockstepSupport
import PlatformC

extension RunLock {
  /// Takes the lock of a run directory, which is created if missing.
  ///
  /// Waits as long as the holder is marked as stopping, and some seconds otherwise. `tell` is called with what it waits
  /// for, and if the file system has no locks. Throws `LockstepError` if another process keeps the lock (usage) or
  /// `shouldStop` returns true while waiting (stopped).
  package static func take(
    _ directory: String, shouldStop: () -> Bool = { false }, tell: (String) -> Void
  ) throws -> RunLock {
    var wait = RunLockWait(directory)
    while true {
      if let lock = try wait.attempt(tell) { return lock }
      if shouldStop() { throw wait.stopped }
      usleep(pause)
    }
  }

  /// As above, on rank 0; nil on the others. Collective: all ranks throw alike, also if `shouldStop` returns true on
  /// any.
  package static func take(
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

/// The state of waiting for a run's lock: its holder, and since when.
private struct RunLockWait {
  let directory: String
  private var holder: RunLockHolder?
  private var isReported = false
  /// When the holder last changed or was stopping.
  private var start = ContinuousClock.now
  /// How long to wait: the ranks of a killed mpirun live on for one or two seconds.
  private static let patience = Duration.seconds(4)

  init(_ directory: String) { self.directory = directory }

  /// nil to try again.
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
        if !isReported { tell("waiting for the run of \(holder), which is stopping") }
        isReported = true
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
