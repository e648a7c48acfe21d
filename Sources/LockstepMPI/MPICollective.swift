import LockstepRanks
import LockstepSupport
import MPI

/// `Collective` over an MPI communicator. Each call is visible to the other ranks' `StallWatch`. Methods throw
/// `MPIError`.
public final class MPICollective: Collective {
  let world: Communicator
  let node: Communicator
  /// The ranks with this rank's number on their nodes.
  private let acrossNodes: Communicator
  public let nodeSizes: [Int]
  public let nodeRanks: [Int]
  /// Memory reserved for later allocations.
  var reserve: SharedReserve?
  var barrierOfNode: SharedBarrier?
  private let rings: RingQueue
  /// Elements of the sums that have begun.
  private var elementsBegun = 0
  public let hostName = Communicator.hostName
  public private(set) var timeInCalls = Duration.zero
  /// Whether other ranks' `StallWatch` sees the calls.
  private let isWatched: Bool
  /// The number of calls so far, by scope.
  private var counts: (world: UInt32, node: UInt32, acrossNodes: UInt32) = (0, 0, 0)

  public var rank: Int { world.rank }
  public var size: Int { world.size }
  public var nodeRank: Int { node.rank }
  public var nodeSize: Int { node.size }

  /// Collective over `world`. The calls it makes must stay the same in all versions, because versions are compared only
  /// after it.
  public convenience init(_ world: Communicator) throws { try self.init(world, isWatched: true) }

  init(_ world: Communicator, isWatched: Bool) throws {
    self.world = world
    self.isWatched = isWatched
    node = try world.splitByNode()
    acrossNodes = try world.split(color: node.rank)
    rings = RingQueue(acrossNodes)
    nodeRanks = try node.allGather(UInt64(world.rank)).map { Int($0) }
    if node.rank == 0 { SessionMark.leave() }
    // Every rank of a node gives the node's size.
    nodeSizes = Dictionary(grouping: try world.allGather(UInt64(node.size)).map { Int($0) }) { $0 }
      .flatMap { size, ranks in [Int](repeating: size, count: ranks.count / size) }
  }

  public func allReduce<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
    try call(Number.summandType.sum, buffer.count) {
      switch Number.summandType {
      case .double: try buffer.withMemoryRebound(to: Double.self) { try world.allReduce($0) }
      case .float: try buffer.withMemoryRebound(to: Float.self) { try world.allReduce($0) }
      case .int32: try buffer.withMemoryRebound(to: Int32.self) { try world.allReduce($0) }
      case .int16: try buffer.withMemoryRebound(to: Int16.self) { try world.allReduce($0) }
      }
    }
  }
  public func allReduceMaximum(_ buffer: UnsafeMutableBufferPointer<Int32>) throws {
    try call(.maximum, buffer.count) { try world.allReduceMaximum(buffer) }
  }
  public func allReduceAcrossNodes<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
    guard acrossNodes.size > 1 else { return }
    try call(Number.summandType.sumOverNodes, buffer.count) {
      try startSum(buffer)
      try rings.finish()
    }
  }

  public func beginSumAcrossNodes<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
    guard acrossNodes.size > 1 else { return }
    elementsBegun += buffer.count
    // A small one waits for the other ranks.
    try call(.beginningOfSum, buffer.count) { try startSum(buffer) }
  }
  public func advanceSums() throws { if !rings.isIdle { try rings.poll() } }
  public func finishSums() throws {
    guard acrossNodes.size > 1 else { return }
    defer { elementsBegun = 0 }
    try call(.endOfSums, elementsBegun) { try rings.finish() }
  }

  private func startSum<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
    switch Number.summandType {
    case .double: try buffer.withMemoryRebound(to: Double.self) { try start($0) }
    case .float: try buffer.withMemoryRebound(to: Float.self) { try start($0) }
    case .int32: try buffer.withMemoryRebound(to: Int32.self) { try start($0) }
    case .int16: try buffer.withMemoryRebound(to: Int16.self) { try start($0) }
    }
  }
  private func start<Number: MPINumber>(_ buffer: UnsafeMutableBufferPointer<Number>) throws {
    if acrossNodes.prefersRing(for: buffer) {
      try rings.start(buffer)
    } else {
      try acrossNodes.allReduce(buffer)
    }
  }
  public func allGather(_ value: UInt64) throws -> [UInt64] {
    try call(.allGather) { try world.allGather(value) }
  }
  public func broadcast(_ bytes: [UInt8], from root: Int) throws -> [UInt8] {
    try call(.broadcast, root) {
      try world.broadcast(bytes, from: root) { begin(.broadcast, root) }
    }
  }
  public func broadcastAcrossNodes(_ bytes: [UInt8]) throws -> [UInt8] {
    try call(.nodeBroadcast) { try acrossNodes.broadcast(bytes, from: 0) }
  }
  public func barrier() throws { try call(.barrier) { try world.barrier() } }

  public func nodeBarrier() throws {
    try call(.nodeBarrier) {
      if let barrierOfNode { barrierOfNode.wait() } else { try node.barrier() }
    }
  }

  /// Frees the communicators that it made. Collective; to be called last.
  public func free() throws {
    try call(.release) {
      try acrossNodes.free()
      try node.free()
    }
  }

  /// A call in which this rank waits for others. `detail`: the value on which all ranks must agree.
  func call<T>(_ kind: CollectiveCall.Kind, _ detail: Int = 0, _ body: () throws -> T) throws -> T {
    begin(kind, detail)
    let start = ContinuousClock.now
    defer {
      Activity.wait = 0
      timeInCalls += ContinuousClock.now - start
    }
    // A fault that tests inject: one rank makes another call than the rest.
    if kind.scope == .world, counts.world == Faults.strayCollective { try world.barrier() }
    return try Trace.span(kind.description, body)
  }

  private func begin(_ kind: CollectiveCall.Kind, _ detail: Int) {
    guard isWatched else { return }
    let number: UInt32
    switch kind.scope {
    case .world:
      counts.world &+= 1
      number = counts.world
    case .node:
      counts.node &+= 1
      number = counts.node
    case .acrossNodes:
      counts.acrossNodes &+= 1
      number = counts.acrossNodes
    }
    let isStray = kind.scope == .world && number == Faults.strayCollective
    Activity.wait = CollectiveCall(isStray ? .barrier : kind, detail: detail, number: number).word
  }
}

extension SummandType {
  fileprivate var sum: CollectiveCall.Kind {
    switch self {
    case .double: .sumOfDoubles
    case .float: .sumOfFloats
    case .int32: .sumOfWords
    case .int16: .sumOfHalfWords
    }
  }

  fileprivate var sumOverNodes: CollectiveCall.Kind {
    switch self {
    case .double: .nodeSumOfDoubles
    case .float: .nodeSumOfFloats
    case .int32: .nodeSumOfWords
    case .int16: .nodeSumOfHalfWords
    }
  }
}
