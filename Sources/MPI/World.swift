import CMPI
import PlatformC

/// MPI in this process, initialised and finalised as one scope.
public enum World {
  /// Initialises MPI (MPI_THREAD_FUNNELED: only the calling thread may call it), runs the body with the communicator
  /// of all ranks, and finalises.
  ///
  /// If the body throws, this rank does not finalise, which would wait for ranks that may be waiting for this one: the
  /// caller reports the error and ends the job with `abort`.
  ///
  /// Throws `MPIError`, or `LaunchError` if the launcher started ranks that this MPI library does not see, because it
  /// belongs to another MPI than the binary. `quota`: the average number of processors that this process may use
  /// (`CPUQuota.least`).
  public static func run<T>(quota: Double? = nil, _ body: (Communicator) throws -> T) throws -> T {
    Launcher.prepareEnvironment(quota: quota)
    var funneled = false
    try check(cmpi_init(&funneled), "MPI_Init_thread")
    guard funneled else {
      throw MPIError(function: "MPI_Init_thread", text: "the library does not grant MPI_THREAD_FUNNELED")
    }
    let world = try Communicator.world()
    try Launcher.requireSize(world.size)
    let result = try body(world)
    try check(cmpi_finalize(), "MPI_Finalize")
    return result
  }

  /// Ends all ranks at once with this exit status. Standard error is unbuffered, so its content is not lost.
  public static func abort(status: Int32) -> Never {
    _ = cmpi_abort(status)
    _exit(status)
  }

  /// What the library calls itself at the start of its description, "Open MPI v4.1.4, ..." or "MPICH Version:\t4.0.2".
  public static var libraryVersion: String {
    let version = text(capacity: 1 << 14) { cmpi_library_version($0, 1 << 14) }
    return version.prefix { $0 != "\n" && $0 != "," }
      .split(whereSeparator: \.isWhitespace).filter { $0 != "Version:" }.joined(separator: " ")
  }
}
