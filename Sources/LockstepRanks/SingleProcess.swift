import LockstepSupport

/// The collective of a single process, which has nothing to exchange.
public final class SingleProcess: Collective {
  public let rank = 0
  public let size = 1
  public let nodeRank = 0
  public let nodeSize = 1
  public let nodeRanks = [0]
  public let hostName = "localhost"
  public let timeInCalls = Duration.zero

  public init() {}

  public func allReduce<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) {}
  public func allReduceMaximum(_ buffer: UnsafeMutableBufferPointer<Int32>) {}
  public let nodeSizes = [1]
  public func allReduceAcrossNodes<Number: Summand>(_ buffer: UnsafeMutableBufferPointer<Number>) {}
  public func allGather(_ value: UInt64) -> [UInt64] { [value] }
  public func broadcast(_ bytes: [UInt8], from root: Int) -> [UInt8] { bytes }
  public func broadcastAcrossNodes(_ bytes: [UInt8]) -> [UInt8] { bytes }
  public func barrier() {}
  public func among(_ ranks: [Int], _ body: (any Collective) throws -> Void) throws { try body(self) }
  public func nodeBarrier() {}
  public func reserveShared(byteCount: Int, parts: Int) {}

  public func allocateShared(byteCount: Int) -> SharedMemory {
    let bytes = UnsafeMutableRawBufferPointer.allocate(byteCount: max(byteCount, 1), alignment: 64)
    bytes.initializeMemory(as: UInt8.self, repeating: 0)
    return SharedMemory(bytes: UnsafeMutableRawBufferPointer(rebasing: bytes[..<byteCount])) {
      bytes.deallocate()
    }
  }
}
