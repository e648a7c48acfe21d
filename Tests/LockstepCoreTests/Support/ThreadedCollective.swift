import Foundation
import LockstepCore

/// Several ranks as threads of one process, with real rendezvous and one shared memory a node.
///
/// It makes a hang a failure: as soon as every rank waits or has returned and no collective call can complete,
/// or two ranks meet in different calls, all waiting ranks throw `Stuck`. No clock is involved.
final class ThreadedCollective: Collective, @unchecked Sendable {
  struct Stuck: Error, CustomStringConvertible {
    let description: String
  }

  let rank: Int
  let size: Int
  let nodeRank: Int
  let nodeSize: Int
  let nodeRanks: [Int]
  let hostName: String
  private(set) var timeInCalls = Duration.zero
  /// The collective calls that this rank has made, in order.
  private(set) var calls: [String] = []

  let nodeSizes: [Int]
  /// This rank's place among those with its number on their nodes.
  private let place: Int
  private let world: Rendezvous.Group
  private let node: Rendezvous.Group
  private let acrossNodes: Rendezvous.Group
  private let allocationFails: Bool

  /// Runs `body` on a thread for each rank and returns the results by rank.
  ///
  /// - Parameters:
  ///   - nodes: the node of each rank: [0, 0, 1] is two ranks on node 0 and one on node 1.
  ///   - failingAllocation: the node on which `allocateShared` throws.
  static func run<T>(
    nodes: [Int], failingAllocation: Int? = nil,
    _ body: @escaping @Sendable (ThreadedCollective) throws -> T
  ) -> [Result<T, any Error>] {
    let meeting = Rendezvous(ranks: nodes.count)
    let world = meeting.group(size: nodes.count)
    let groups = Dictionary(grouping: nodes) { $0 }.mapValues { meeting.group(size: $0.count) }
    let nodeRanks = nodes.indices.map { rank in nodes[..<rank].count { $0 == nodes[rank] } }
    let across = Dictionary(grouping: nodeRanks) { $0 }.mapValues { meeting.group(size: $0.count) }
    let results = Results<T>(count: nodes.count)
    for rank in nodes.indices {
      let collective = ThreadedCollective(
        rank: rank, nodes: nodes, world: world, node: groups[nodes[rank]]!,
        acrossNodes: across[nodeRanks[rank]]!,
        allocationFails: nodes[rank] == failingAllocation)
      Thread {
        results.values[rank].set(Result { try body(collective) })
        meeting.finish()
      }.start()
    }
    meeting.waitUntilAllFinish()
    return results.values.map { $0.value! }
  }

  private init(
    rank: Int, nodes: [Int], world: Rendezvous.Group, node: Rendezvous.Group, acrossNodes: Rendezvous.Group,
    allocationFails: Bool
  ) {
    self.rank = rank
    size = nodes.count
    nodeRank = nodes[..<rank].count { $0 == nodes[rank] }
    nodeRanks = nodes.indices.filter { nodes[$0] == nodes[rank] }
    nodeSize = nodeRanks.count
    hostName = "n\(nodes[rank])"
    self.world = world
    self.node = node
    self.acrossNodes = acrossNodes
    nodeSizes = Dictionary(grouping: nodes) { $0 }.values.map(\.count)
    // The ranks before this one that have its number on their nodes.
    let number = nodes[..<rank].count { $0 == nodes[rank] }
    place = (0..<rank).count { other in nodes[..<other].count { $0 == nodes[other] } == number }
    self.allocationFails = allocationFails
  }

  private func meet<V>(_ group: Rendezvous.Group, _ call: String, at index: Int, _ value: V) throws -> [V] {
    calls.append(call)
    // The clock of these ranks: a second a call.
    timeInCalls += .seconds(1)
    return try group.meet(call, at: index, value).map { $0 as! V }
  }

  func allReduce<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
    try sum(buffer, "allReduce of \(Number.self)", world, at: rank)
  }

  func allReduceAcrossNodes<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
    try sum(buffer, "allReduceAcrossNodes of \(Number.self)", acrossNodes, at: place)
  }

  func allReduceMaximum(_ buffer: UnsafeMutableBufferPointer<Int32>) throws {
    let all = try meet(world, "allReduceMaximum", at: rank, Array(buffer))
    for i in buffer.indices { buffer[i] = all.map { $0[i] }.max()! }
  }

  private func sum<Number: Summand>(
    _ buffer: UnsafeMutableBufferPointer<Number>, _ call: String, _ group: Rendezvous.Group, at index: Int
  ) throws {
    let all = try meet(group, call, at: index, Array(buffer))
    for i in buffer.indices { buffer[i] = all.dropFirst().reduce(all[0][i]) { Number.sum($0, $1[i]) } }
  }

  func allGather(_ value: UInt64) throws -> [UInt64] {
    try meet(world, "allGather", at: rank, value)
  }

  func broadcast(_ bytes: [UInt8], from root: Int) throws -> [UInt8] {
    try meet(world, "broadcast from \(root)", at: rank, bytes)[root]
  }

  func broadcastAcrossNodes(_ bytes: [UInt8]) throws -> [UInt8] {
    precondition(nodeRank == 0)
    return try meet(acrossNodes, "broadcastAcrossNodes", at: place, bytes)[0]
  }

  /// A rank alone, or all of them.
  func among(_ ranks: [Int], _ body: (any Collective) throws -> Void) throws {
    precondition(ranks.count == 1 || ranks.count == size)
    try together { if ranks.contains(rank) { try body(ranks.count == 1 ? SingleProcess() : self) } }
  }

  func barrier() throws {
    _ = try meet(world, "barrier", at: rank, ())
  }

  func nodeBarrier() throws {
    _ = try meet(node, "nodeBarrier", at: nodeRank, ())
  }

  func reserveShared(byteCount: Int, parts: Int) throws {
    try together {
      if allocationFails { throw Stuck(description: "no shared memory is left on \(hostName)") }
    }
  }

  func allocateShared(byteCount: Int) throws -> SharedMemory {
    let own = nodeRank == 0 ? SingleProcess().allocateShared(byteCount: byteCount) : nil
    let all = try meet(node, "allocateShared(\(byteCount))", at: nodeRank, own)
    if allocationFails { throw Stuck(description: "no shared memory is left on \(hostName)") }
    return all[0]!
  }
}

private final class Results<T>: @unchecked Sendable {
  final class Slot: @unchecked Sendable {
    private(set) var value: Result<T, any Error>?
    func set(_ result: Result<T, any Error>) { value = result }
  }
  let values: [Slot]
  init(count: Int) { values = (0..<count).map { _ in Slot() } }
}
