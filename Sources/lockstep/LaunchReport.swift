import MPI
import PlatformC

/// Reports to the script that started this process (`scripts/launch`), over the pipe that `LOCKSTEP_STATUS_FILE` names:
/// lines "ready RANK RANKS-OF-THE-NODE" and "ended RANK STATUS". mpirun can hang after all ranks have ended, and then
/// returns no status. As long as the pipe is open, a rank is alive.
enum LaunchReport {
  nonisolated(unsafe) private static var pipe: Int32 = -1

  /// Opens the pipe, if there is one: on another machine there is none. Read and write, so that it opens before the
  /// script listens, and writing does not raise SIGPIPE if the script was killed.
  static func open() {
    guard let path = getenv("LOCKSTEP_STATUS_FILE") else { return }
    #if canImport(Glibc)
      pipe = Glibc.open(path, O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC)
    #else
      pipe = Darwin.open(path, O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC)
    #endif
  }

  /// Reports that signals are requests to stop from now on.
  static func ready() { report("ready \(rank) \(Launcher.nodeSize ?? 1)") }

  /// Reports the exit status of a rank that ends by itself, in case mpirun does not.
  static func ended(_ status: Int32) { report("ended \(rank) \(status)") }

  private static var rank: Int { Launcher.rank ?? 0 }

  private static func report(_ line: String) {
    guard pipe >= 0 else { return }
    _ = (line + "\n").withCString { write(pipe, $0, strlen($0)) }
  }
}
