#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Keeps a second process out of a run directory: an advisory lock (flock) on `.lock` in it, which the kernel gives back
/// when the process ends, however it does.
final class RunLock {
  private let file: Int32

  /// Seconds that a lock is waited for: the ranks of an mpirun that was killed live on for one or two.
  private static let patience = 4

  /// Throws (usage) where another process has the lock. Where the file system has no locks, as some NFS, it warns.
  init(directory: String) throws {
    let path = "\(directory)/.lock"
    file = FileOperation.open(path, O_RDWR | O_CREAT)
    guard file >= 0 else {
      throw LockstepError(
        .failure, path, expected: "to create the run's lock", found: lastSystemError,
        fix: "Free space or choose another --output")
    }
    let deadline = time(nil) + Self.patience
    while flock(file, LOCK_EX | LOCK_NB) != 0 {
      switch errno {
      case EINTR: continue
      case EWOULDBLOCK where time(nil) < deadline: usleep(50_000)
      case EWOULDBLOCK:
        close(file)
        throw LockstepError(
          .usage, "--output \(directory)", expected: "a directory that no other process trains in",
          found: "one that is locked",
          fix: "Wait for the other run's end or stop it, or choose another --output")
      default:
        writeError(
          "lockstep: warning: \(path): \(lastSystemError). Nothing keeps a second process out of this run\n")
        return
      }
    }
  }

  deinit { close(file) }
}
