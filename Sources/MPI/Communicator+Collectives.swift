import CMPI

extension Communicator {
  /// The most elements a call: counts are C ints, and some algorithms multiply them by the element's size.
  private static let largestCount = 1 << 27

  /// Returns when every rank has called it.
  ///
  ///     int MPI_Barrier(MPI_Comm)
  public func barrier() throws(MPIError) {
    try check(cmpi_barrier(handle), "MPI_Barrier")
  }

  /// The same for long waits: a rank sleeps between two looks, a millisecond apart, and leaves the processor to others.
  ///
  ///     int MPI_Ibarrier(MPI_Comm, MPI_Request *)
  public func barrierAsleep() throws(MPIError) {
    try check(cmpi_barrier_asleep(handle), "MPI_Ibarrier")
  }

  /// Replaces the buffer by its sum over ranks, in the order of the library's algorithm. All ranks must pass the same
  /// count.
  ///
  ///     int MPI_Allreduce(MPI_IN_PLACE, void *recvbuf, int count, MPI_Datatype, MPI_SUM, MPI_Comm)
  public func allReduce<Number: MPINumber>(_ buffer: UnsafeMutableBufferPointer<Number>) throws(MPIError) {
    for start in stride(from: 0, to: buffer.count, by: Self.largestCount) {
      let count = Int32(min(Self.largestCount, buffer.count - start))
      try check(
        cmpi_allreduce_sum(handle, buffer.baseAddress! + start, count, Number.mpiType.code), "MPI_Allreduce")
    }
  }

  /// Replaces each element of the buffer by its largest value over ranks. All ranks must pass the same count.
  ///
  ///     int MPI_Allreduce(MPI_IN_PLACE, void *recvbuf, int count, MPI_Datatype, MPI_MAX, MPI_Comm)
  public func allReduceMaximum<Number: MPINumber>(
    _ buffer: UnsafeMutableBufferPointer<Number>
  ) throws(MPIError) {
    for start in stride(from: 0, to: buffer.count, by: Self.largestCount) {
      let count = Int32(min(Self.largestCount, buffer.count - start))
      try check(
        cmpi_allreduce_max(handle, buffer.baseAddress! + start, count, Number.mpiType.code), "MPI_Allreduce")
    }
  }

  /// Every rank's value, indexed by rank.
  ///
  ///     int MPI_Allgather(const void *, 1, MPI_UINT64_T, void *, 1, MPI_UINT64_T, MPI_Comm)
  public func allGather(_ value: UInt64) throws(MPIError) -> [UInt64] {
    var values = [UInt64](repeating: 0, count: size)
    try check(cmpi_allgather_uint64(handle, value, &values), "MPI_Allgather")
    return values
  }

  /// Rank `root`'s bytes, on every rank; `bytes` is ignored on the others. Sends their number first, then the bytes in
  /// pieces; `each` is called before each piece.
  ///
  ///     int MPI_Bcast(void *buffer, int count, MPI_BYTE, int root, MPI_Comm)
  public func broadcast(_ bytes: [UInt8], from root: Int, each: () -> Void = {}) throws(MPIError) -> [UInt8] {
    var count = UInt64(bytes.count)
    try check(cmpi_broadcast_bytes(handle, &count, 8, Int32(root)), "MPI_Bcast")
    var result = rank == root ? bytes : [UInt8](repeating: 0, count: Int(count))
    for start in stride(from: 0, to: result.count, by: Self.broadcastPiece) {
      each()
      let length = Int32(min(Self.broadcastPiece, result.count - start))
      var code: Int32 = 0
      result.withUnsafeMutableBytes {
        code = cmpi_broadcast_bytes(handle, $0.baseAddress! + start, length, Int32(root))
      }
      try check(code, "MPI_Bcast")
    }
    return result
  }

  /// The most bytes a call, so that the root, which need not wait for the receivers, never gets far ahead.
  private static let broadcastPiece = 1 << 24
}
