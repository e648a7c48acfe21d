import MPI
import PlatformC

/// What this process tells the script that started it (`scripts/launch`), over the pipe that `LOCKSTEP_STATUS_FILE`
/// names: lines "ready RANK RANKS-OF-THE-NODE" and "ended RANK STATUS". mpirun can hang when all ranks have ended, and
/// then it has no status to give. While the pipe is open somebody lives.
enum LaunchReport {
  nonisolated(unsafe) private static var pipe: Int32 = -1

  /// Opens the pipe, where there is one: on another machine there is not. For reading too: it then opens before the
  /// script listens, and if the script was killed a line is no SIGPIPE.
  static func open() {
    guard let path = getenv("LOCKSTEP_STATUS_FILE") else { return }
    #if canImport(Glibc)
      pipe = Glibc.open(path, O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC)
    #else
      pipe = Darwin.open(path, O_RDWR | O_APPEND | O_NONBLOCK | O_CLOEXEC)
    #endif
  }

  /// From here on a signal is a request to stop.
  static func ready() { tell("ready \(rank) \(Launcher.nodeSize ?? 1)") }

  /// The last word of a rank that ends by itself, whatever becomes of mpirun.
  static func ended(_ status: Int32) { tell("ended \(rank) \(status)") }

  private static var rank: String {
    for name in ["OMPI_COMM_WORLD_RANK", "PMIX_RANK", "PMI_RANK"] {
      if let value = getenv(name) { return String(cString: value) }
    }
    return "0"
  }

  private static func tell(_ line: String) {
    guard pipe >= 0 else { return }
    _ = (line + "\n").withCString { write(pipe, $0, strlen($0)) }
  }
}
