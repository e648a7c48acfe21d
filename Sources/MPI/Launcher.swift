import CMPI
import PlatformC

/// The program that started this process (mpirun, srun), as the environment tells of it before MPI is initialised.
public enum Launcher {
  private static let environment = LaunchEnvironment(currentEnvironment())

  public static var isPresent: Bool { environment.startsMPI }

  /// Throws where a launcher started several processes in a way that MPI cannot see: each would believe to be alone.
  public static func requireAlone() throws(LaunchError) { try requireSize(1) }

  /// Throws where a launcher says that it started other than so many ranks.
  static func requireSize(_ size: Int) throws(LaunchError) {
    if let error = environment.disagreement(size: size, library: World.libraryVersion) { throw error }
  }

  /// The number of ranks on this node, where the launcher tells.
  public static var nodeSize: Int? { environment.nodeSize }

  /// Whether this node has more ranks than cores for them, so that one that waits must let others run. `quota`:
  /// processors that this process may use in the mean.
  public static func ranksShareCores(quota: Double? = nil) -> Bool {
    let ranks = nodeSize ?? 1
    return ranks > 1 && Double(ranks) > min(Double(cores), quota ?? .infinity)
  }

  /// The cores of this node, or those that it is confined to. A rank that is bound to one core tells nothing of the
  /// others'.
  private static var cores: Int {
    let online = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let allowed = Int(cmpi_allowed_processors())
    return allowed > 1 ? allowed : online
  }

  /// The environment that makes Open MPI run well here. Only what the user has not set is set, and only where the
  /// machine calls for it. Must come before MPI_Init.
  static func prepareEnvironment(quota: Double?) {
    if !cmpi_can_attach_across_processes() { set("OMPI_MCA_btl_vader_single_copy_mechanism", "none") }
    // Ranks that share a core must give it up while they wait.
    if ranksShareCores(quota: quota) { set("OMPI_MCA_mpi_yield_when_idle", "1") }
    // Where Open MPI does not know this launcher it needs no daemon to find out that it is alone, nor ssh for one.
    if !environment.isOpenMPIs { set("OMPI_MCA_ess_singleton_isolated", "1") }
  }

  private static func set(_ name: String, _ value: String) { setenv(name, value, 0) }

  private static func currentEnvironment() -> [String: String] {
    var result: [String: String] = [:]
    var next = environ
    while let entry = next.pointee {
      let parts = String(cString: entry).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      if parts.count == 2 { result[String(parts[0])] = String(parts[1]) }
      next += 1
    }
    return result
  }
}
