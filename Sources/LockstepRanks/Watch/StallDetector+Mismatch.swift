import LockstepSupport

extension StallDetector {
  /// Ranks that wait for each other for ever, because they make different calls.
  public struct Mismatch: Equatable, Sendable {
    /// The first rank that waits, and the first that waits for something else, or has come to its end.
    public var rank: Int
    public var call: CollectiveCall
    public var other: Int
    /// nil where that one has come to its end.
    public var otherCall: CollectiveCall?
    public var seconds: Double
  }

  /// Tells of ranks that can only wait for ever, as the last `check` saw them: every rank is alive and has waited in
  /// one and the same call for nearly `timeout`, or has come to its end, and no call has all the ranks in it that it
  /// needs.
  ///
  /// Ranks that wait for one that computes or writes a file are no such case, nor is a call that all have come to,
  /// however long its data takes over the network.
  ///
  /// - Parameter nodes: the node of each rank.
  public func mismatch(nodes: [Int], ended: Set<Int>) -> Mismatch? {
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

  /// The ranks that make a call of this scope together with `rank`.
  private static func members(of scope: CollectiveCall.Scope, with rank: Int, nodes: [Int]) -> [Int] {
    func place(_ rank: Int) -> Int { nodes[..<rank].count { $0 == nodes[rank] } }
    switch scope {
    case .world: return Array(nodes.indices)
    case .node: return nodes.indices.filter { nodes[$0] == nodes[rank] }
    case .acrossNodes: return nodes.indices.filter { place($0) == place(rank) }
    }
  }
}
