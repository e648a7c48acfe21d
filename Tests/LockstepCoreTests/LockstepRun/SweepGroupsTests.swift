import LockstepCore
import Testing

/// Which ranks try a recipe together.
@Suite struct SweepGroupsTests {
  private func groups(of size: Int, nodes: [Int]) -> [[Int]] {
    SweepGroups(of: size, nodes: nodes, rank: 0).members
  }

  @Test func contiguousRanks() {
    #expect(groups(of: 1, nodes: [0, 0, 0]) == [[0], [1], [2]])
    #expect(groups(of: 2, nodes: [0, 0, 0, 0, 0]) == [[0, 1], [2, 3]])
    #expect(groups(of: 3, nodes: [0, 0, 0]) == [[0, 1, 2]])
  }

  /// Launchers may deal ranks to nodes in turn.
  @Test func ranksOfANode() {
    #expect(groups(of: 2, nodes: [0, 1, 0, 1]) == [[0, 2], [1, 3]])
    #expect(groups(of: 3, nodes: [0, 1, 0, 1, 0, 1]) == [[0, 2, 4], [1, 3, 5]])
    #expect(groups(of: 4, nodes: [0, 1, 0, 1]) == [[0, 1, 2, 3]])
  }

  @Test func ranksLeftOver() {
    let nodes = [0, 0, 0, 3, 3, 3, 3]
    let own = nodes.indices.map { SweepGroups(of: 3, nodes: nodes, rank: $0).own }
    #expect(own == [0, 0, 0, 1, 1, 1, nil])
    #expect(SweepGroups(of: 3, nodes: nodes, rank: 0).idle == 1)
    #expect(SweepGroups(of: 7, nodes: nodes, rank: 6).idle == 0)
  }
}
