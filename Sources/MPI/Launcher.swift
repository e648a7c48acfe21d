import CMPI
import PlatformC

/// The program that started this process (mpirun, srun), as far as the environment describes it before MPI is
/// initialised.
public enum Launcher {
  private static let environment = LaunchEnvironment(currentEnvironment())

  /// Whether a launcher started this process that MPI can be initialised with. Without one, use `SingleProcess`.
  public static var isPresent: Bool { environment.startsMPI }

  /// Throws `LaunchError` if a launcher started several processes in a way that MPI cannot see: each would believe that
  /// it is alone.
  public static func requireAlone() throws(LaunchError) { try requireSize(1) }

  /// Throws if a launcher started more than `size` ranks.
  static func requireSize(_ size: Int) throws(LaunchError) {
    let version = World.libraryVersion
    if let error = environment.disagreement(size: size, library: .current, version: version) { throw error }
  }

  /// The number of ranks on this node, if the launcher says.
  package static var nodeSize: Int? { environment.nodeSize }

  /// Whether this node has more ranks than cores, so that a waiting rank must let others run. `quota`: the average
  /// number of processors that this process may use.
  package static func ranksShareCores(quota: Double? = nil) -> Bool {
    let ranks = nodeSize ?? 1
    return ranks > 1 && Double(ranks) > min(Double(cores), quota ?? .infinity)
  }

  /// The cores of this node, or those that this process is confined to. A rank bound to a single core says nothing
  /// about the others.
  private static var cores: Int {
    let online = sysconf(Int32(_SC_NPROCESSORS_ONLN))
    let allowed = Int(cmpi_allowed_processors())
    return allowed > 1 ? allowed : online
  }

  /// This rank's number, if the launcher says.
  package static var rank: Int? { environment.rank }

  /// Sets variables that Open MPI needs to run well on this machine, unless the user has set them. Must be called
  /// before MPI_Init.
  static func prepareEnvironment(quota: Double?) {
    // MPICH yields the core while it waits, and needs no daemon where there is no launcher.
    guard MPILibrary.current == .openMPI else { return }
    if !cmpi_can_attach_across_processes() { set("OMPI_MCA_btl_vader_single_copy_mechanism", "none") }
    // Ranks that share a core must yield it while they wait.
    if ranksShareCores(quota: quota) { set("OMPI_MCA_mpi_yield_when_idle", "1") }
    // Without a launcher that it knows, Open MPI would start a daemon, for which it needs ssh, only to find that it is
    // alone.
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
