/// A collective call packed into one word: its kind, the detail on which all ranks must agree (root or element count),
/// and its number among the calls of its scope, counted by each rank.
package struct CollectiveCall: Equatable, Sendable {
  package enum Kind: UInt8, CaseIterable, Sendable {
    case barrier = 1
    case allGather, broadcast, sumOfDoubles, sumOfFloats, release
    case nodeBarrier, nodeMemory
    case nodeSumOfDoubles, nodeSumOfFloats, nodeBroadcast
    case beginningOfSum, endOfSums
    case sumOfWords, sumOfHalfWords, nodeSumOfWords, nodeSumOfHalfWords, maximum

    /// The ranks that take part.
    package var scope: Scope {
      switch self {
      case .barrier, .allGather, .broadcast, .sumOfDoubles, .sumOfFloats, .sumOfWords, .sumOfHalfWords,
        .maximum, .release:
        .world
      case .nodeBarrier, .nodeMemory: .node
      case .nodeSumOfDoubles, .nodeSumOfFloats, .nodeSumOfWords, .nodeSumOfHalfWords, .nodeBroadcast,
        .beginningOfSum, .endOfSums:
        .acrossNodes
      }
    }

    package var description: String {
      switch self {
      case .barrier: "barrier"
      case .allGather: "allgather"
      case .broadcast: "broadcast"
      case .sumOfDoubles: "allreduce (double)"
      case .sumOfFloats: "allreduce (float)"
      case .release: "release"
      case .nodeBarrier: "node's barrier"
      case .nodeMemory: "node's allocation"
      case .nodeSumOfDoubles: "allreduce over nodes (double)"
      case .nodeSumOfFloats: "allreduce over nodes (float)"
      case .nodeBroadcast: "broadcast over nodes"
      case .sumOfWords: "allreduce (int32)"
      case .sumOfHalfWords: "allreduce (int16)"
      case .nodeSumOfWords: "allreduce over nodes (int32)"
      case .nodeSumOfHalfWords: "allreduce over nodes (int16)"
      case .maximum: "allreduce (maximum)"
      case .beginningOfSum: "beginning of a sum over nodes"
      case .endOfSums: "end of sums over nodes"
      }
    }
  }

  /// All ranks, those of a node, or those with the same number on their nodes.
  package enum Scope: Int, CaseIterable, Sendable { case world, node, acrossNodes }

  /// The kind in the highest byte, the detail in the next three, the number in the lower half. 0: no call.
  package let word: UInt64

  package static let none = CollectiveCall(word: 0)

  package init(_ kind: Kind, detail: Int = 0, number: UInt32) {
    word = UInt64(kind.rawValue) << 56 | UInt64(detail & 0xFF_FFFF) << 32 | UInt64(number)
  }

  package init(word: UInt64) { self.word = word }

  /// nil if the rank is in no call.
  package var kind: Kind? { Kind(rawValue: UInt8(word >> 56)) }

  package var description: String {
    guard let kind else { return "no call" }
    let detail = word >> 32 & 0xFF_FFFF
    let what =
      switch kind {
      case .broadcast: " from rank \(detail)"
      case .barrier, .allGather, .release, .nodeBarrier, .nodeMemory, .nodeBroadcast: ""
      default: " of \(detail) elements"
      }
    return "\(kind.description)\(what), call number \(UInt32(truncatingIfNeeded: word))"
  }
}
