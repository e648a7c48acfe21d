import LockstepSupport
import PlatformC
import Synchronization

/// Keeps a second process out of a run directory: an advisory lock (flock) on `.lock` in it, which the kernel releases
/// when the process ends, however it does. The file names the holder and whether its run is stopping.
package final class RunLock {
  let directory: String
  private let file: Int32
  /// False on a file system without locks, such as some NFS.
  let excludesOthers: Bool
  /// Whether the directory was created for this run and holds nothing yet.
  private var isNew: Bool

  enum Attempt {
    case taken(RunLock)
    /// nil if the file does not name the holder.
    case held(by: RunLockHolder?)
  }

  /// Takes the lock if it is free. Creates the directory if missing.
  static func attempt(_ directory: String) throws -> Attempt {
    let isNew = try createDirectories(directory)
    let path = "\(directory)/.lock"
    while true {
      let file: Int32
      do { file = try FileOperation.open(path, O_RDWR | O_CREAT) } catch let error as SystemError {
        throw LockstepError(
          .failure, path, expected: "to create the run's lock", found: error.description,
          fix: error.fix(option: "--output"))
      }
      let error = FileOperation.lock(file)
      let holder = RunLockHolder(readFrom: file)
      if error?.code == EWOULDBLOCK || error != nil && holder?.isStoppingHere == true {
        close(file)
        return .held(by: holder)
      }
      // The former holder may have removed the file or the whole run meanwhile: the lock is then on a deleted file.
      if isSame(file, path) {
        return .taken(RunLock(directory, file: file, excludesOthers: error == nil, isNew: isNew))
      }
      close(file)
      try createDirectories(directory)
    }
  }

  private init(_ directory: String, file: Int32, excludesOthers: Bool, isNew: Bool) {
    (self.directory, self.file, self.excludesOthers, self.isNew) = (directory, file, excludesOthers, isNew)
    // On a full disk the file stays empty, but the lock still holds.
    let text = RunLockHolder.own.text
    _ = try? systemCall { ftruncate(file, 0) }
    _ = try? systemCall { text.withCString { pwrite(file, $0, text.utf8.count, 0) } }
    Self.markOffset.store(text.utf8.count, ordering: .relaxed)
    Self.marked.store(file, ordering: .releasing)
    StopRequest.whenRaised { RunLock.markStopping() }
    // The request may have come earlier.
    if StopRequest.isRaised { Self.markStopping() }
  }

  /// Keeps the directory: the run has begun.
  func keepDirectory() { isNew = false }

  deinit {
    if isNew, excludesOthers {
      unlink("\(directory)/.lock")
      rmdir(directory)
    }
    _ = try? systemCall { ftruncate(file, 0) }
    let isMarked = Self.marked.compareExchange(expected: file, desired: -1, ordering: .relaxed).exchanged
    // A signal handler may be about to write to a marked descriptor: it stays open so that its number is not reused.
    if isMarked { flock(file, LOCK_UN) } else { close(file) }
  }

  private static func isSame(_ file: Int32, _ path: String) -> Bool {
    var (own, found) = (stat(), stat())
    return fstat(file, &own) == 0 && stat(path, &found) == 0 && own.st_ino == found.st_ino
      && own.st_dev == found.st_dev
  }

  // MARK: The holder is stopping

  /// The file that a signal handler writes to, and the offset in it.
  private static let marked = Atomic<Int32>(-1)
  private static let markOffset = Atomic<Int>(0)

  /// Marks the lock that was taken last as stopping, in its file, so that a waiting process keeps waiting.
  /// Async-signal-safe; the first call, which initialises statics, must come before any signal.
  package static func markStopping() {
    let file = marked.load(ordering: .acquiring)
    guard file >= 0 else { return }
    let error = errno
    let text = RunLockHolder.stoppingLine
    _ = pwrite(
      file, text.utf8Start, text.utf8CodeUnitCount, off_t(markOffset.load(ordering: .relaxed)))
    errno = error
  }
}

extension FileOperation {
  /// Takes the lock without waiting; returns the error if it fails.
  fileprivate static func lock(_ file: Int32) -> SystemError? {
    if Faults.forbidsLocks { return SystemError(code: ENOLCK) }
    do {
      _ = try Activity.duringFileAccess(.writingFile) { try systemCall { flock(file, LOCK_EX | LOCK_NB) } }
      return nil
    } catch { return error as? SystemError }
  }
}
