extension Communicator {
  /// Whether a sum of the buffer over ranks of which each is on a node of its own should go in a ring (`RingQueue`):
  /// small ones have fewer rounds in MPI_Allreduce. The same on all ranks.
  public func prefersRing<Number: MPINumber>(for buffer: UnsafeMutableBufferPointer<Number>) -> Bool {
    size > 1 && buffer.count * Number.mpiType.byteCount / size >= 1 << 16
  }
}
