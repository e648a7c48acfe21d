/// Memory that the ranks of a node share. It lives as long as this object (on every rank of the node: releasing
/// may be collective, so all ranks let go at the same point of the program).
public final class SharedMemory: @unchecked Sendable {
  public let bytes: UnsafeMutableRawBufferPointer
  private let release: () -> Void

  public init(bytes: UnsafeMutableRawBufferPointer, release: @escaping () -> Void) {
    self.bytes = bytes
    self.release = release
  }

  deinit { release() }
}
