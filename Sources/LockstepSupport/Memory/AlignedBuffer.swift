/// Zeroed memory on a cache line's boundary that lives as long as this object.
package final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  package let elements: UnsafeMutableBufferPointer<Element>
  /// The owner of the memory, if it is not this object.
  private let owner: AnyObject?
  @inlinable package var pointer: UnsafeMutablePointer<Element> { elements.baseAddress! }
  @inlinable package var count: Int { elements.count }

  package init(count: Int, zero: Element) {
    let raw = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64)
    let bound = raw.bindMemory(to: Element.self)
    bound.initialize(repeating: zero)
    elements = UnsafeMutableBufferPointer(rebasing: bound[..<count])
    owner = nil
  }

  /// `count` elements of a node's shared memory, starting at byte `offset`.
  package init(sharing memory: SharedMemory, from offset: Int, count: Int) {
    let bytes = memory.bytes[offset..<offset + count * MemoryLayout<Element>.stride]
    elements = UnsafeMutableRawBufferPointer(rebasing: bytes).bindMemory(to: Element.self)
    owner = memory
  }

  deinit {
    if owner == nil { UnsafeMutableRawPointer(elements.baseAddress!).deallocate() }
  }
}

/// `count` rounded up to a whole number of panels of 16 floats, the unit of every stride.
@inlinable package func paddedToPanel(_ count: Int) -> Int { (count + 15) / 16 * 16 }

/// The stride of rows of `count` floats: whole panels, plus one where rows would otherwise compete for a few cache sets
/// of a dozen lines each.
@inlinable package func rowStride(_ count: Int) -> Int {
  let padded = paddedToPanel(count)
  return padded % 256 == 0 ? padded + 16 : padded
}
