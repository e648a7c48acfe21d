import LockstepRanks
import LockstepSupport
import MPI

/// Reserved memory, from which allocations are taken in turn.
struct SharedReserve {
  let segment: SharedSegment
  var used = 0

  /// Allocations begin on pages, so that none shares a cache line with another.
  static let grain = 4096

  static func rounded(_ byteCount: Int) -> Int { (max(byteCount, 1) + grain - 1) / grain * grain }

  /// nil if not enough is left.
  mutating func take(_ byteCount: Int) -> UnsafeMutableRawBufferPointer? {
    let size = Self.rounded(byteCount)
    guard size <= segment.bytes.count - used else { return nil }
    defer { used += size }
    return UnsafeMutableRawBufferPointer(rebasing: segment.bytes[used..<used + byteCount])
  }
}

extension MPICollective {
  /// Throws an `AgreedError` (failure) on all ranks if a node has no room.
  public func reserveShared(byteCount: Int, parts: Int) throws {
    do {
      reserve = try together {
        SharedReserve(segment: try segment(byteCount: byteCount + parts * SharedReserve.grain))
      }
    } catch {
      reserve = nil
      throw error
    }
  }

  /// Throws `LockstepError` (failure) on all ranks of a node without room.
  public func allocateShared(byteCount: Int) throws -> SharedMemory {
    // All ranks of a node make the same calls, so all find the same room left.
    if let segment = reserve?.segment, let bytes = reserve?.take(byteCount) {
      return SharedMemory(bytes: bytes) { withExtendedLifetime(segment) {} }
    }
    let segment = try segment(byteCount: byteCount)
    return SharedMemory(bytes: .init(rebasing: segment.bytes[..<byteCount])) {
      withExtendedLifetime(segment) {}
    }
  }

  /// A segment that is reserved, zeroed and mapped by all ranks of the node.
  private func segment(byteCount: Int) throws -> SharedSegment {
    do {
      if barrierOfNode == nil, nodeSize > 1 {
        let memory = try call(.nodeMemory) {
          try SharedSegment.make(byteCount: SharedBarrier.byteCount, node: node)
        }
        barrierOfNode = SharedBarrier(
          in: memory.bytes, owner: memory, ranks: nodeSize,
          sharesCores: Launcher.ranksShareCores(quota: CPUQuota.least))
      }
      return try call(.nodeMemory, byteCount) { try SharedSegment.make(byteCount: byteCount, node: node) }
    } catch let shortage as SharedSegment.Shortage {
      throw LockstepError(
        .failure, "shared memory", expected: "room for \(shortage.byteCount) bytes", found: shortage.found,
        fix:
          "Free some, name a directory of this machine with room by \(MPILibrary.current.sharedMemoryVariable), or "
          + "share less: --exchange allreduce, unpacked data files")
    }
  }
}
