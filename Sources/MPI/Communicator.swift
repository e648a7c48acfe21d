import CMPI

/// A group of ranks that communicate. Free it with `free`, on all ranks. Every method is collective and throws
/// `MPIError`.
public final class Communicator {
  let handle: OpaquePointer
  /// This rank's number, `0 ..< size`.
  public let rank: Int
  /// The number of ranks.
  public let size: Int

  private init(owning handle: OpaquePointer) throws(MPIError) {
    var rank: Int32 = 0
    var size: Int32 = 0
    try check(cmpi_rank(handle, &rank), "MPI_Comm_rank")
    try check(cmpi_size(handle, &size), "MPI_Comm_size")
    self.handle = handle
    self.rank = Int(rank)
    self.size = Int(size)
  }

  /// All ranks of the job.
  static func world() throws(MPIError) -> Communicator {
    guard let handle = cmpi_world() else { throw MPIError(function: "MPI_COMM_WORLD", text: "out of memory") }
    return try Communicator(owning: handle)
  }

  /// The ranks of this communicator that share memory with this one. Collective.
  ///
  ///     int MPI_Comm_split_type(MPI_Comm, int split_type, int key, MPI_Info, MPI_Comm *newcomm)
  public func splitByNode() throws(MPIError) -> Communicator {
    var node: OpaquePointer?
    try check(cmpi_split_node(handle, &node), "MPI_Comm_split_type")
    return try Communicator(owning: node!)
  }

  /// The ranks of this communicator that pass the same color. Collective.
  ///
  ///     int MPI_Comm_split(MPI_Comm, int color, int key, MPI_Comm *newcomm)
  public func split(color: Int) throws(MPIError) -> Communicator {
    var part: OpaquePointer?
    try check(cmpi_split(handle, Int32(color), &part), "MPI_Comm_split")
    return try Communicator(owning: part!)
  }

  /// The name of the node that this rank runs on.
  public static var hostName: String { text(capacity: 256) { cmpi_host_name($0, 256) } }

  /// Frees the communicator. Collective, which is why it is not done by deinit: all ranks free it at the same point.
  public func free() throws(MPIError) {
    try check(cmpi_free_communicator(handle), "MPI_Comm_free")
  }
}
