import MPI
import Testing

@Suite struct RingTests {
  /// What a chunk is the sum of, as a set of ranks, on every rank after every round.
  @Test(arguments: [1, 2, 3, 4, 7, 16]) func everyRankHasTheWholeSum(size: Int) {
    let rings = (0..<size).map { Ring(rank: $0, size: size) }
    var sums = (0..<size).map { rank in [Set<Int>](repeating: [rank], count: size) }
    for round in 0..<rings[0].roundCount {
      let sent = rings.map { sums[$0.rank][$0.round(round).sent] }
      for ring in rings {
        let own = ring.round(round)
        #expect(
          own.received == rings[ring.previous].round(round).sent && rings[ring.previous].next == ring.rank)
        let received = sent[ring.previous]
        if own.adds {
          #expect(sums[ring.rank][own.received].isDisjoint(with: received), "a rank is added twice")
          sums[ring.rank][own.received].formUnion(received)
        } else {
          sums[ring.rank][own.received] = received
        }
      }
    }
    for sum in sums.joined() { #expect(sum == Set(0..<size)) }
  }

  @Test(arguments: [1, 2, 3, 7], [0, 1, 2, 20, 1001]) func chunksCoverTheBuffer(size: Int, count: Int) {
    let ring = Ring(rank: 0, size: size)
    let chunks = (0..<size).map { ring.range(of: $0, count: count) }
    #expect(chunks.flatMap(Array.init) == Array(0..<count))
    let counts = chunks.map(\.count)
    #expect(counts.max()! - counts.min()! <= 1)
  }
}
