import CMPI

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Memory of which the ranks of a node have one copy (MPI-3 shared memory window).
///
///     int MPI_Win_allocate_shared(MPI_Aint size, int disp_unit, MPI_Info, MPI_Comm, void *baseptr, MPI_Win *)
///     int MPI_Win_shared_query(MPI_Win, int rank, MPI_Aint *size, int *disp_unit, void *baseptr)
public final class SharedWindow {
  private let handle: OpaquePointer
  /// The same memory on every rank of the node, at its own address.
  public let bytes: UnsafeMutableRawBufferPointer

  /// Zeroed. Collective over `node`, with the same byte count on each rank.
  public init(byteCount: Int, node: Communicator) throws(MPIError) {
    var window: OpaquePointer?
    var base: UnsafeMutableRawPointer?
    // An MPI window of no bytes has no address.
    let size = max(byteCount, 1)
    try check(
      cmpi_allocate_shared(node.handle, node.rank == 0 ? size : 0, &window, &base), "MPI_Win_allocate_shared")
    handle = window!
    bytes = UnsafeMutableRawBufferPointer(start: base, count: byteCount)
    // Several ranks get a new file's pages, which are zeros. For a rank alone Open MPI calls malloc.
    if node.size == 1 { bytes.initializeMemory(as: UInt8.self, repeating: 0) }
  }

  /// The directory that Open MPI puts the memory's file in.
  public static var directory: String {
    getenv("OMPI_MCA_osc_sm_backing_directory").map { String(cString: $0) } ?? "/dev/shm"
  }

  /// Bytes that a window may have: the directory's free space, and no more than this process may write to a file.
  public static var room: Int {
    var status = statvfs()
    guard statvfs(directory, &status) == 0 else { return Int.max }
    let free = Int(
      clamping: UInt64(status.f_bavail).multipliedReportingOverflow(by: UInt64(status.f_frsize)).partialValue)
    var limit = rlimit()
    #if canImport(Glibc)
      let code = getrlimit(__rlimit_resource_t(RLIMIT_FSIZE.rawValue), &limit)
    #else
      let code = getrlimit(RLIMIT_FSIZE, &limit)
    #endif
    // Open MPI adds some pages of its own.
    return max(min(free, code == 0 ? Int(clamping: limit.rlim_cur) : Int.max) - (1 << 16), 0)
  }

  /// Makes this rank's writes visible to the others, and theirs to this one, around a barrier.
  ///
  ///     int MPI_Win_sync(MPI_Win)
  public func sync() throws(MPIError) {
    try check(cmpi_sync_window(handle), "MPI_Win_sync")
  }

  /// Gives the memory back. Collective, which is why it is no deinit.
  public func free() throws(MPIError) {
    try check(cmpi_free_window(handle), "MPI_Win_free")
  }
}
