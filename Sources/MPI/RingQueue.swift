import CMPI

/// Sums over ranks of which each is on a node of its own, in rings (`Ring`) that go on while the ranks compute,
/// whenever one polls. All ranks get the same bits, and where sums are exact those of MPI_Allreduce.
///
/// A buffer is cut into pieces with a ring each, of which several are under way: while one adds what has come, others
/// keep the link busy. Over Ethernet what Open MPI 4.1 chooses for large buffers takes longer (docs/scaling.md), and
/// its MPI_Iallreduce in place sums wrongly up to 4.1.1 (ompi#9385).
public final class RingQueue {
  private let communicator: Communicator
  private let ring: Ring
  private var waiting: [RingPiece] = []
  /// The number of those that have been started.
  private var started = 0
  private var active: [RingPiece] = []
  private var tag: Int32 = 0
  private var freeScratch: [UnsafeMutableRawPointer] = []

  /// The most bytes of a message. With its header it is below the 64 KiB that Open MPI's TCP sends without being asked:
  /// longer ones wait for a receiver that has to get a processor first, to answer.
  private static let pieceBytes = 60 << 10
  /// The most rings under way: enough to keep a link of 1 Gbit/s busy for four milliseconds.
  private static let atOnce = 8
  /// MPI grants 2^15.
  private static let tags: Int32 = 1 << 14

  public init(_ communicator: Communicator) {
    self.communicator = communicator
    ring = Ring(rank: communicator.rank, size: communicator.size)
    let scratch = ring.size > 1 ? Self.atOnce : 0
    freeScratch = (0..<scratch).map { _ in .allocate(byteCount: Self.pieceBytes, alignment: 64) }
  }

  deinit { for scratch in freeScratch { scratch.deallocate() } }

  /// Whether anything is under way.
  public var isIdle: Bool { active.isEmpty && started == waiting.count }

  /// Begins to replace the buffer by its sum over the ranks, which begin the same sums in the same order. The buffer
  /// must not be touched before `finish` returns.
  ///
  ///     int MPI_Isend(const void *, int, MPI_BYTE, int dest, int tag, MPI_Comm, MPI_Request *)
  ///     int MPI_Irecv(void *, int, MPI_BYTE, int source, int tag, MPI_Comm, MPI_Request *)
  public func start<Number: MPINumber>(_ buffer: UnsafeMutableBufferPointer<Number>) throws(MPIError) {
    guard ring.size > 1, let base = buffer.baseAddress else { return }
    let type = Number.mpiType
    // As many pieces of every chunk on all ranks: one may have an element less than another.
    let chunk = (buffer.count + ring.size - 1) / ring.size
    let pieces = (chunk * type.byteCount + Self.pieceBytes - 1) / Self.pieceBytes
    for piece in 0..<pieces {
      tag = tag % Self.tags + 1
      waiting.append(
        RingPiece(
          base: UnsafeMutableRawPointer(base), count: buffer.count, type: type, number: piece, of: pieces,
          tag: tag))
    }
    try poll()
  }

  /// Lets the sums go on; returns at once.
  ///
  ///     int MPI_Testall(int, MPI_Request *, int *flag, MPI_Status *)
  public func poll() throws(MPIError) {
    for index in active.indices.reversed() where try active[index].advance(ring, communicator) {
      freeScratch.append(active.remove(at: index).scratch!)
    }
    while started < waiting.count, let scratch = freeScratch.popLast() {
      var piece = waiting[started]
      started += 1
      piece.scratch = scratch
      try piece.begin(ring, communicator)
      active.append(piece)
    }
    if active.isEmpty {
      waiting.removeAll(keepingCapacity: true)
      started = 0
    }
  }

  /// Returns when all sums are complete.
  public func finish() throws(MPIError) {
    while !isIdle { try poll() }
  }
}

/// One piece of every chunk of a buffer, on its way around the ring.
private struct RingPiece {
  let base: UnsafeMutableRawPointer
  let count: Int
  let type: MPIType
  let number: Int
  let pieces: Int
  let tag: Int32
  /// Where what is to be added arrives.
  var scratch: UnsafeMutableRawPointer?
  private var round = 0
  private var transfer: OpaquePointer?

  init(base: UnsafeMutableRawPointer, count: Int, type: MPIType, number: Int, of pieces: Int, tag: Int32) {
    (self.base, self.count, self.type) = (base, count, type)
    (self.number, self.pieces, self.tag) = (number, pieces, tag)
  }

  private func range(of chunk: Int, _ ring: Ring) -> Range<Int> {
    let whole = ring.range(of: chunk, count: count)
    return whole.lowerBound + whole.count * number / pieces..<whole.lowerBound + whole.count * (number + 1)
      / pieces
  }

  /// Starts the next round's transfer.
  mutating func begin(_ ring: Ring, _ communicator: Communicator) throws(MPIError) {
    let step = ring.round(round)
    let (sent, received) = (range(of: step.sent, ring), range(of: step.received, ring))
    let place = base + received.lowerBound * type.byteCount
    try check(
      cmpi_start_transfer(
        communicator.handle, base + sent.lowerBound * type.byteCount, Int32(sent.count * type.byteCount),
        Int32(ring.next), step.adds ? scratch : place, Int32(received.count * type.byteCount),
        Int32(ring.previous), tag, &transfer),
      "MPI_Isend")
  }

  /// Goes on if the transfer is done; returns whether all rounds are.
  mutating func advance(_ ring: Ring, _ communicator: Communicator) throws(MPIError) -> Bool {
    var isDone = false
    try check(cmpi_test_transfer(transfer, &isDone), "MPI_Testall")
    guard isDone else { return false }
    let step = ring.round(round)
    if step.adds {
      let received = range(of: step.received, ring)
      type.add(received.count, from: scratch!, to: base + received.lowerBound * type.byteCount)
    }
    round += 1
    if round == ring.roundCount { return true }
    try begin(ring, communicator)
    return false
  }
}
