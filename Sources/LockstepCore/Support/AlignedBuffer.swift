/// Zeroed memory on a cache line's boundary that lives as long as this object.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public let elements: UnsafeMutableBufferPointer<Element>
  public var pointer: UnsafeMutablePointer<Element> { elements.baseAddress! }
  public var count: Int { elements.count }

  public init(count: Int, zero: Element) {
    let raw = UnsafeMutableRawBufferPointer.allocate(
      byteCount: max(count, 1) * MemoryLayout<Element>.stride, alignment: 64)
    let bound = raw.bindMemory(to: Element.self)
    bound.initialize(repeating: zero)
    elements = UnsafeMutableBufferPointer(rebasing: bound[..<count])
  }

  deinit { UnsafeMutableRawPointer(elements.baseAddress!).deallocate() }
}

/// `count` rounded up to a whole number of panels of 16 floats, the unit of every stride.
func paddedToPanel(_ count: Int) -> Int { (count + 15) / 16 * 16 }
