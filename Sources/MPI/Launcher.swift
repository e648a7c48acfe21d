#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif
import CMPI

/// What the environment says of the program that started this process (mpirun, srun), before MPI is initialised.
public enum Launcher {
  /// The number of ranks that the launcher says it started; nil where nothing launched this process, which then need
  /// not touch MPI at all (a singleton start costs 0.4 s and may fail where there is no ssh).
  public static var size: Int? { number("OMPI_COMM_WORLD_SIZE", "PMIX_SIZE", "PMI_SIZE") ?? slurmSize }

  public static var isPresent: Bool {
    ["OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMI_RANK"].contains { (name: String) in getenv(name) != nil }
  }

  /// The number of ranks on this node, where the launcher tells.
  public static var nodeSize: Int? { number("OMPI_COMM_WORLD_LOCAL_SIZE", "MPI_LOCALNRANKS") }

  /// Whether this node has more ranks than cores for them, so that one that waits must let others run.
  static var ranksShareCores: Bool { (nodeSize ?? 1) > cores }

  /// The cores of this node, or those that it is confined to. A rank that is bound to one core tells nothing of the
  /// others'.
  private static var cores: Int {
    let online = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let allowed = Int(cmpi_allowed_processors())
    return allowed > 1 ? allowed : online
  }

  /// The environment that makes Open MPI run well here. Only what the user has not set is set, and only where the
  /// machine calls for it. Must come before MPI_Init.
  static func prepareEnvironment() {
    if !cmpi_can_attach_across_processes() { set("OMPI_MCA_btl_vader_single_copy_mechanism", "none") }
    // Ranks that share a core must give it up while they wait.
    if ranksShareCores { set("OMPI_MCA_mpi_yield_when_idle", "1") }
    // Containers have 64 MB of /dev/shm: too little for a dataset beside Open MPI's own segments.
    var status = statvfs()
    if statvfs("/dev/shm", &status) == 0, UInt64(status.f_bavail) * UInt64(status.f_frsize) < 512 << 20 {
      set("OMPI_MCA_osc_sm_backing_directory", getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp")
    }
  }

  private static func set(_ name: String, _ value: String) { setenv(name, value, 0) }

  private static func number(_ names: String...) -> Int? {
    for name in names {
      if let value = getenv(name), let number = Int(String(cString: value)) { return number }
    }
    return nil
  }

  /// srun starts ranks through PMIx without telling their number under PMIx's name.
  private static var slurmSize: Int? {
    getenv("PMIX_RANK") == nil ? nil : number("SLURM_STEP_NUM_TASKS", "SLURM_NTASKS")
  }
}
