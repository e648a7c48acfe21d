import LockstepSupport

/// What the trainer needs of the other ranks, if there are any: a single process uses `SingleProcess`, ranks under
/// mpirun use LockstepMPI's `MPICollective`.
///
/// Every call is collective: all ranks make the same calls in the same order.
public protocol Collective: AnyObject {
  /// This rank's number, `0 ..< size`.
  var rank: Int { get }
  /// The number of ranks.
  var size: Int { get }
  /// This rank's number among the ranks of its node, and how many those are.
  var nodeRank: Int { get }
  var nodeSize: Int { get }
  /// The ranks of this node, by their number on it.
  var nodeRanks: [Int] { get }
  /// The name of this rank's node, for messages.
  var hostName: String { get }

  /// The time that this rank has spent in collective calls so far, waiting for other ranks included.
  var timeInCalls: Duration { get }

  /// Replaces the buffer on every rank by its sum over the ranks, in an order that the implementation picks. All ranks
  /// must pass the same count.
  func allReduce<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws
  /// Replaces each element by its largest value over the ranks.
  func allReduceMaximum(_ buffer: UnsafeMutableBufferPointer<Int32>) throws
  /// The number of ranks of each node, in no order.
  var nodeSizes: [Int] { get }
  /// Replaces the buffer by its sum over the ranks that have this rank's number on their nodes: one rank a node.
  func allReduceAcrossNodes<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws
  /// Begins the same, to go on while the ranks compute, whenever one calls `advanceSums`. The buffer must not be
  /// touched before `finishSums`. All ranks begin the same sums in the same order.
  func beginSumAcrossNodes<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws
  /// Lets the sums go on and returns at once. No other rank need call it.
  func advanceSums() throws
  /// Returns when the sums are complete.
  func finishSums() throws
  /// Every rank's value, indexed by rank.
  func allGather(_ value: UInt64) throws -> [UInt64]
  /// Rank `root`'s bytes, on every rank.
  func broadcast(_ bytes: [UInt8], from root: Int) throws -> [UInt8]
  /// Rank 0's bytes, on the first rank of each node; only those call it, and all of them.
  func broadcastAcrossNodes(_ bytes: [UInt8]) throws -> [UInt8]
  /// Returns when every rank has called it.
  func barrier() throws
  /// Runs the body on these ranks, in ascending order, as on a job of their own, while the others rest. All ranks call
  /// it with the same ranks. If the body throws on any, all ranks throw.
  func among(_ ranks: [Int], _ body: (any Collective) throws -> Void) throws

  /// Divides the ranks into groups that work side by side, each as a job of its own, in which ranks keep their order:
  /// the body gets this rank's, number `group`; none where that is nil. All ranks call it. Besides those of its group,
  /// the body may make calls of all ranks, which must be the same on all; an error of one rank alone ends the job.
  func inGroups(_ group: Int?, _ body: ((any Collective)?) throws -> Void) throws
  /// As `barrier`, for ranks that may wait long: they leave their processors to others.
  func barrierAsleep() throws

  /// Reserves shared memory on every node for the next `parts` calls of `allocateShared`. Throws on all ranks alike if
  /// a node lacks room, and then reserves none.
  func reserveShared(byteCount: Int, parts: Int) throws
  /// Zeroed memory, one copy on each node, that all of the node's ranks can read and write.
  func allocateShared(byteCount: Int) throws -> SharedMemory
  /// Returns when every rank of this node has called it; earlier writes to shared memory are then visible.
  func nodeBarrier() throws
}

/// An error that all ranks throw alike: rank 0 reports it, and all end with its status.
public struct AgreedError: Error, CustomStringConvertible {
  /// The lowest rank that failed.
  public let rank: Int
  /// The failed rank's message, which names it if others did not fail.
  public let message: String
  /// The status that the process should end with (`LockstepError.Kind`).
  public let exitStatus: Int32
  public var description: String { message }

  public init(rank: Int, message: String, exitStatus: Int32) {
    self.rank = rank
    self.message = message
    self.exitStatus = exitStatus
  }
}

extension Collective {
  /// For an implementation whose sums do not go on by themselves.
  public func beginSumAcrossNodes<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
    try allReduceAcrossNodes(buffer)
  }
  public func advanceSums() throws {}
  /// For an implementation of one rank.
  public func inGroups(_ group: Int?, _ body: ((any Collective)?) throws -> Void) throws {
    precondition(size == 1)
    try body(group == nil ? nil : self)
  }
  public func barrierAsleep() throws { try barrier() }
  public func finishSums() throws {}

  /// The number of ranks on the node that has the fewest.
  public var smallestNode: Int { nodeSizes.min() ?? 1 }

  /// Rank `root`'s text, on every rank.
  public func broadcast(_ text: String, from root: Int) throws -> String {
    String(decoding: try broadcast(Array(text.utf8), from: root), as: UTF8.self)
  }

  /// Runs the body on every rank. If it throws on any, all ranks throw the lowest such rank's error as an
  /// `AgreedError`.
  ///
  /// Anything that may fail on some ranks only (opening a file, parsing flags) goes through here, so that no rank waits
  /// in a collective call for one that has failed. The body must make no collective call that depends on this rank
  /// alone.
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
    var message = try broadcast(report?.message ?? "", from: failed)
    // If all ranks failed, naming one adds nothing.
    if size > 1, statuses.contains(0) {
      let host = try broadcast(hostName, from: failed)
      message = "rank \(failed) on \(host): " + message
    }
    throw AgreedError(rank: failed, message: message, exitStatus: Int32(truncatingIfNeeded: statuses[failed]))
  }
}
