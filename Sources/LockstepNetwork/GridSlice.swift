import CKernels
import Synchronization

/// Where one layer's gradient goes that is rounded to integer grids, for its weights and its bias.
package struct GridSlice: @unchecked Sendable {
  package let grid: kernel_grid
  /// The number of the layer's first tensor, its weights; the bias is the next.
  package let tensor: Int
  /// Written as sums of integers; nil if it is applied, or only looked at.
  package let integers: UnsafeMutableRawPointer?
  /// Applied at once, if not nil.
  package let update: kernel_update?
  package let findings: GridFindings

  package init(
    grid: kernel_grid, tensor: Int, integers: UnsafeMutableRawPointer?, update: kernel_update?,
    findings: GridFindings
  ) {
    (self.grid, self.tensor, self.integers) = (grid, tensor, integers)
    (self.update, self.findings) = (update, findings)
  }

  func withSink<T>(_ body: (kernel_gradient_sink, UnsafePointer<kernel_grid>) -> T) -> T {
    withUnsafePointer(to: grid) { grid in
      guard let update else {
        return body(kernel_gradient_sink(exact: nil, fast: nil, integers: integers, update: nil), grid)
      }
      return withUnsafePointer(to: update) {
        body(kernel_gradient_sink(exact: nil, fast: nil, integers: nil, update: $0), grid)
      }
    }
  }
}

/// What the threads of a rank found in a step's gradients as they rounded them to integer grids.
package final class GridFindings: @unchecked Sendable {
  /// Atomic rather than locked: ThreadSanitizer does not understand Swift's locks.
  private let magnitudes: UnsafeMutablePointer<Atomic<UInt32>>
  private let count: Int
  private let clamped = Atomic<Int>(0)

  package init(tensors: Int) {
    count = tensors
    // A layer with a weight alone reports on the bias that it lacks too, which is 0.
    magnitudes = .allocate(capacity: tensors + 1)
    for i in 0...tensors { (magnitudes + i).initialize(to: Atomic(0)) }
  }

  deinit { magnitudes.deallocate() }

  /// By tensor, the bits of the largest magnitude of a micro-batch's gradient, before it was cut off.
  package var largest: [UInt32] { (0..<count).map { magnitudes[$0].load(ordering: .relaxed) } }

  /// The number of values cut off at a grid's end since the last call.
  package func takeClamped() -> Int { clamped.exchange(0, ordering: .relaxed) }

  package func reset() {
    for i in 0..<count { magnitudes[i].store(0, ordering: .relaxed) }
    clamped.store(0, ordering: .relaxed)
  }

  /// Returns false if a gradient is NaN or infinite.
  func add(_ result: kernel_grid_result, tensor: Int) -> Bool {
    magnitudes[tensor].max(result.largest.0, ordering: .relaxed)
    magnitudes[tensor + 1].max(result.largest.1, ordering: .relaxed)
    clamped.add(Int(result.clamped), ordering: .relaxed)
    return max(result.largest.0, result.largest.1) < Float.infinity.bitPattern
  }
}
