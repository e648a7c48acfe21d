/// The ring algorithm of an allreduce (Patarasuk and Yuan 2009): `size` ranks, `size` chunks. In each of `size` - 1
/// rounds a rank sends a chunk to the next rank and adds the one that comes from the rank before it, after which each
/// has one complete chunk; in as many rounds more the complete chunks go around. A rank sends 2 (size - 1) / size of
/// the buffer, the least that an allreduce can.
public struct Ring: Sendable {
  public let rank, size: Int

  public init(rank: Int, size: Int) {
    precondition(size > 0 && 0..<size ~= rank)
    (self.rank, self.size) = (rank, size)
  }

  public var next: Int { (rank + 1) % size }
  public var previous: Int { (rank + size - 1) % size }

  /// The numbers of the chunks that a rank sends and receives in one round.
  public struct Round: Equatable, Sendable {
    public let sent, received: Int
    /// Whether the chunk received is added to the rank's own, or replaces it.
    public let adds: Bool
  }

  public var roundCount: Int { 2 * (size - 1) }

  /// The rounds in order, from 0.
  public func round(_ number: Int) -> Round {
    // The chunk sent in the first round of the second half is the one that was completed in the last of the first.
    let sent = rank - number + 2 * size
    return Round(sent: sent % size, received: (sent - 1) % size, adds: number < size - 1)
  }

  /// Chunk `chunk` of a buffer of so many elements. Sizes differ by at most one.
  public func range(of chunk: Int, count: Int) -> Range<Int> {
    count * chunk / size..<count * (chunk + 1) / size
  }
}
