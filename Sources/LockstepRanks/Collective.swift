import LockstepSupport

/// What the trainer needs of the other ranks. The trainer does not know whether there are any: one process has
/// `SingleProcess`, ranks under mpirun have LockstepMPI's `MPICollective`.
///
/// Every call is collective: all ranks make the same calls in the same order.
public protocol Collective: AnyObject {
  var rank: Int { get }
  var size: Int { get }
  /// This rank's number among the ranks of its node, and how many those are.
  var nodeRank: Int { get }
  var nodeSize: Int { get }
  /// The ranks of this node, by their number on it.
  var nodeRanks: [Int] { get }
  /// The name of this rank's node, for messages.
  var hostName: String { get }

  /// Replaces the buffer on every rank by the sum over ranks.
  func allReduce(_ buffer: UnsafeMutableBufferPointer<Double>) throws
  /// Replaces the buffer on every rank by the sum over ranks, in an order that the library picks.
  func allReduce(_ buffer: UnsafeMutableBufferPointer<Float>) throws
  /// The number of ranks on the node that has the fewest.
  var smallestNode: Int { get }
  /// Replaces the buffer by its sum over the ranks that have this rank's number on their nodes: one rank a node.
  func allReduceAcrossNodes(_ buffer: UnsafeMutableBufferPointer<Double>) throws
  func allReduceAcrossNodes(_ buffer: UnsafeMutableBufferPointer<Float>) throws
  /// Every rank's value, by rank.
  func allGather(_ value: UInt64) throws -> [UInt64]
  /// Rank `root`'s bytes, on every rank.
  func broadcast(_ bytes: [UInt8], from root: Int) throws -> [UInt8]
  /// Rank 0's bytes, on the first rank of each node; only those call it, and all of them.
  func broadcastAcrossNodes(_ bytes: [UInt8]) throws -> [UInt8]
  /// Returns when every rank has called it.
  func barrier() throws

  /// Sets shared memory aside on every node, for `parts` calls of `allocateShared` to come. Throws on all ranks alike
  /// where any node has no room, and then has taken none.
  func reserveShared(byteCount: Int, parts: Int) throws
  /// Zeroed memory of which one copy exists on each node, readable and writable by all of the node's ranks.
  func allocateShared(byteCount: Int) throws -> SharedMemory
  /// Returns when every rank of this node has called it; writes to shared memory before are seen after.
  func nodeBarrier() throws
}

/// An error that all ranks know of and throw alike: rank 0 tells it, all end with its status.
public struct AgreedError: Error, CustomStringConvertible {
  /// The lowest rank that failed.
  public let rank: Int
  public let message: String
  public let exitStatus: Int32
  public var description: String { message }

  public init(rank: Int, message: String, exitStatus: Int32) {
    self.rank = rank
    self.message = message
    self.exitStatus = exitStatus
  }
}

extension Collective {
  /// Runs the body on every rank; where it throws on any, all ranks throw the lowest such rank's error.
  ///
  /// Whatever may fail on some ranks only (opening a file, parsing flags) goes through here, so that no rank is
  /// left waiting in a collective for one that has given up.
  public func together<T>(_ body: () throws -> T) throws -> T {
    let result = Result(catching: body)
    var report: (status: Int32, message: String)?
    switch result {
    case .success: break
    case .failure(let error as LockstepError): report = (error.exitStatus, error.description)
    case .failure(let error as AgreedError): report = (error.exitStatus, error.message)
    case .failure(let error): report = (1, "\(error)")
    }
    let statuses = try allGather(UInt64(report?.status ?? 0))
    guard let failed = statuses.firstIndex(where: { $0 != 0 }) else { return try result.get() }
    var message = String(
      decoding: try broadcast(Array((report?.message ?? "").utf8), from: failed), as: UTF8.self)
    // Where every rank failed alike the rank says nothing; where one did, it is half of the story.
    if size > 1, statuses.contains(0) {
      let host = String(decoding: try broadcast(Array(hostName.utf8), from: failed), as: UTF8.self)
      message = "rank \(failed) on \(host): " + message
    }
    throw AgreedError(rank: failed, message: message, exitStatus: Int32(truncatingIfNeeded: statuses[failed]))
  }
}
