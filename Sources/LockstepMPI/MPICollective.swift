import LockstepCore
import MPI

/// The trainer's collective over an MPI communicator.
public final class MPICollective: Collective {
  private let world: Communicator
  private let node: Communicator
  /// The ranks with this rank's number on their nodes.
  private let acrossNodes: Communicator
  public let smallestNode: Int
  public let nodeRanks: [Int]
  private var windows: [SharedWindow] = []
  private var barrierOfNode: SharedBarrier?
  public let hostName = Communicator.hostName

  public var rank: Int { world.rank }
  public var size: Int { world.size }
  public var nodeRank: Int { node.rank }
  public var nodeSize: Int { node.size }

  /// Collective over `world`.
  public init(_ world: Communicator) throws {
    self.world = world
    node = try world.splitByNode()
    acrossNodes = try world.split(color: node.rank)
    nodeRanks = try node.allGather(UInt64(world.rank)).map { Int($0) }
    if node.rank == 0 { StaleSegments.remove() }
    smallestNode = Int(try world.allGather(UInt64(node.size)).min() ?? 1)
  }

  public func allReduce(_ buffer: UnsafeMutableBufferPointer<Double>) throws { try world.allReduce(buffer) }
  public func allReduce(_ buffer: UnsafeMutableBufferPointer<Float>) throws { try world.allReduce(buffer) }
  public func allReduceAcrossNodes(_ buffer: UnsafeMutableBufferPointer<Double>) throws {
    if acrossNodes.size > 1 { try acrossNodes.allReduce(buffer) }
  }
  public func allReduceAcrossNodes(_ buffer: UnsafeMutableBufferPointer<Float>) throws {
    if acrossNodes.size > 1 { try acrossNodes.allReduce(buffer) }
  }
  public func allGather(_ value: UInt64) throws -> [UInt64] { try world.allGather(value) }
  public func broadcast(_ bytes: [UInt8], from root: Int) throws -> [UInt8] {
    try world.broadcast(bytes, from: root)
  }
  public func barrier() throws { try world.barrier() }

  public func hasSharedMemory(byteCount: Int) -> Bool { SharedWindow.room >= byteCount }

  /// Where the node has no room all of its ranks throw: MPI itself would leave them waiting for each other.
  ///
  /// Windows are freed by `free`, at a point that all ranks pass, and not with the object returned.
  public func allocateShared(byteCount: Int) throws -> SharedMemory {
    let lacks = nodeRank == 0 && !hasSharedMemory(byteCount: byteCount)
    if try node.allGather(lacks ? 1 : 0)[0] == 1 {
      throw LockstepError(
        .failure, SharedWindow.directory, expected: "room for \(byteCount) bytes of shared memory",
        found: "\(SharedWindow.room)",
        fix: "Free some, or point OMPI_MCA_osc_sm_backing_directory to a directory with room")
    }
    if barrierOfNode == nil {
      windows.append(try SharedWindow(byteCount: SharedBarrier.byteCount, node: node))
      barrierOfNode = SharedBarrier(in: windows[0].bytes, ranks: node.size)
    }
    let window = try SharedWindow(byteCount: byteCount, node: node)
    windows.append(window)
    return SharedMemory(bytes: window.bytes) {}
  }

  public func nodeBarrier() throws {
    for window in windows { try window.sync() }
    if let barrierOfNode { barrierOfNode.wait() } else { try node.barrier() }
    for window in windows { try window.sync() }
  }

  /// Gives the shared memory and the node's communicator back. Collective; nothing shared may be used after.
  public func free() throws {
    barrierOfNode = nil
    for window in windows { try window.free() }
    windows = []
    try acrossNodes.free()
    try node.free()
  }
}
