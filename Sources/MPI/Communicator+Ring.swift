import CMPI

extension Communicator {
  /// As `allReduce`, for ranks of which each is on a node of its own: large buffers go in a ring. All ranks get the
  /// same bits, and where sums are exact those of `allReduce`.
  ///
  /// Over Ethernet what Open MPI 4.1 chooses for large buffers takes longer (docs/scaling.md). Small ones have fewer
  /// rounds there.
  public func allReduceOverNetwork<Number: MPINumber>(
    _ buffer: UnsafeMutableBufferPointer<Number>, through scratch: RingScratch
  ) throws(MPIError) {
    if isLarge(buffer) { try allReduceInRing(buffer, through: scratch) } else { try allReduce(buffer) }
  }

  /// The same on all ranks.
  private func isLarge<Number>(_ buffer: UnsafeMutableBufferPointer<Number>) -> Bool {
    size > 1 && buffer.count * MemoryLayout<Number>.stride / size >= 1 << 16
  }

  ///     int MPI_Sendrecv(const void *, int, MPI_BYTE, int dest, int, void *, int, MPI_BYTE, int source, int, MPI_Comm,
  ///                      MPI_Status *)
  private func allReduceInRing<Number: MPINumber>(
    _ buffer: UnsafeMutableBufferPointer<Number>, through scratch: RingScratch
  ) throws(MPIError) {
    let ring = Ring(rank: rank, size: size)
    let width = MemoryLayout<Number>.stride
    let received = scratch.bytes.assumingMemoryBound(to: Number.self)
    // As many pieces of every chunk on all ranks: one may have an element less than another.
    let pieces =
      ((buffer.count + size - 1) / size * width + RingScratch.byteCount - 1) / RingScratch.byteCount
    for round in ring.rounds {
      let (sent, target) = (
        ring.range(of: round.sent, count: buffer.count), ring.range(of: round.received, count: buffer.count)
      )
      for piece in 0..<pieces {
        let from = Self.part(piece, of: pieces, in: sent)
        let to = Self.part(piece, of: pieces, in: target)
        let place = buffer.baseAddress! + to.lowerBound
        try check(
          cmpi_sendrecv_bytes(
            handle, buffer.baseAddress! + from.lowerBound, Int32(from.count * width), Int32(ring.next),
            round.adds ? received : place, Int32(to.count * width), Int32(ring.previous)),
          "MPI_Sendrecv")
        guard round.adds else { continue }
        for i in 0..<to.count { place[i] = Number.mpiSum(place[i], received[i]) }
      }
    }
  }

  private static func part(_ piece: Int, of pieces: Int, in chunk: Range<Int>) -> Range<Int> {
    chunk.lowerBound + chunk.count * piece / pieces..<chunk.lowerBound + chunk.count * (piece + 1) / pieces
  }
}

/// Where a piece of a chunk arrives before it is added.
public final class RingScratch {
  /// Small enough for a core's second-level cache.
  static let byteCount = 1 << 19
  let bytes = UnsafeMutableRawPointer.allocate(byteCount: byteCount, alignment: 64)

  public init() {}
  deinit { bytes.deallocate() }
}
