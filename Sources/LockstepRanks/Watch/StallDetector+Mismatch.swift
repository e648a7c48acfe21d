import LockstepSupport

extension StallDetector {
  /// Ranks that would wait for each other forever, because they are in different calls.
  package struct Mismatch: Equatable, Sendable {
    /// The first waiting rank, and the first that waits in another call or has ended.
    package var rank: Int
    package var call: CollectiveCall
    package var other: Int
    /// nil if that one has ended.
    package var otherCall: CollectiveCall?
    package var seconds: Double
  }

  /// Finds a deadlock in what the last `check` saw: every rank either has ended, or is alive and has waited in the same
  /// call for nearly `timeout`, and no call has all the ranks that it needs.
  ///
  /// It is no deadlock if ranks wait for one that computes or writes a file, nor if all have entered a call, however
  /// long its data takes over the network.
  ///
  /// - Parameter nodes: the node of each rank.
  package func mismatch(nodes: [Int], ended: Set<Int>) -> Mismatch? {
    var calls = [CollectiveCall?](repeating: nil, count: tracks.count)
    var since = 0.0
    for rank in tracks.indices where !ended.contains(rank) {
      guard let track = tracks[rank], isFresh(rank), track.beat.call.kind != nil,
        time - track.callTime >= patience
      else { return nil }
      calls[rank] = track.beat.call
      since = max(since, track.callTime)
    }
    let waiting = calls.indices.filter { calls[$0] != nil }
    guard let first = waiting.first else { return nil }
    let canEnd = waiting.contains { rank in
      Self.members(of: calls[rank]!.kind!.scope, with: rank, nodes: nodes).allSatisfy {
        calls[$0] == calls[rank]
      }
    }
    guard !canEnd, let other = calls.indices.first(where: { calls[$0] != calls[first] }) else { return nil }
    return Mismatch(
      rank: first, call: calls[first]!, other: other, otherCall: calls[other], seconds: time - since)
  }

  /// The ranks that take part with `rank` in a call of this scope.
  private static func members(of scope: CollectiveCall.Scope, with rank: Int, nodes: [Int]) -> [Int] {
    func place(_ rank: Int) -> Int { nodes[..<rank].count { $0 == nodes[rank] } }
    switch scope {
    case .world: return Array(nodes.indices)
    case .node: return nodes.indices.filter { nodes[$0] == nodes[rank] }
    case .acrossNodes: return nodes.indices.filter { place($0) == place(rank) }
    }
  }
}
