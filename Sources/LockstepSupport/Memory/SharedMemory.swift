/// Memory that the ranks of a node share, for as long as this object lives. Releasing may be collective, so all ranks
/// of the node must release it at the same point of the program.
public final class SharedMemory: @unchecked Sendable {
  /// The same memory on every rank of the node, at an address of its own.
  public let bytes: UnsafeMutableRawBufferPointer
  private let release: () -> Void

  /// For implementations of `Collective.allocateShared`; `release` is called once, when the object is destroyed.
  public init(bytes: UnsafeMutableRawBufferPointer, release: @escaping () -> Void) {
    self.bytes = bytes
    self.release = release
  }

  deinit { release() }
}
