import LockstepRanks
import LockstepSupport

/// Which ranks work together: contiguous ones, node by node, so that a group is on as few nodes as can be.
package struct SweepGroups: Equatable {
  /// The ranks of each group, ascending.
  package let members: [[Int]]
  /// This rank's group; nil for a rank that is left over.
  package let own: Int?
  /// The number of ranks that are left over.
  package let idle: Int

  var count: Int { members.count }
  /// The first rank of each group, which is the group's rank 0.
  var leaders: [Int] { members.map { $0[0] } }

  /// Groups of `size` ranks. Collective. Throws `AgreedError` (usage) on all ranks if there are fewer.
  init(of size: Int, _ collective: any Collective) throws {
    try collective.together {
      guard 1...collective.size ~= size else {
        throw LockstepError(
          .usage, "--ranks-per-trial", expected: "a number from 1 to the job's \(collective.size) ranks",
          found: "\(size)", fix: "Lower it, or start more ranks: mpirun -np \(max(size, 1))")
      }
    }
    let nodes = try collective.allGather(UInt64(collective.nodeRanks.min() ?? 0))
    self.init(of: size, nodes: nodes.map { Int($0) }, rank: collective.rank)
  }

  /// `nodes`: each rank's node, by the number of the node's first rank.
  package init(of size: Int, nodes: [Int], rank: Int) {
    let order = nodes.indices.sorted { (nodes[$0], $0) < (nodes[$1], $1) }
    members = (0..<nodes.count / size).map { order[$0 * size..<($0 + 1) * size].sorted() }
    own = members.firstIndex { $0.contains(rank) }
    idle = nodes.count % size
  }
}
