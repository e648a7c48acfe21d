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
package final class GridFindings: Sendable {
  private struct State {
    var largest: [UInt32]
    var clamped = 0
  }
  private let state: Mutex<State>

  package init(tensors: Int) { state = Mutex(State(largest: [UInt32](repeating: 0, count: tensors))) }

  /// By tensor, the bits of the largest magnitude of a micro-batch's gradient, before it was cut off.
  package var largest: [UInt32] { state.withLock { $0.largest } }

  /// The number of values cut off at a grid's end since the last call.
  package func takeClamped() -> Int {
    state.withLock { state in
      defer { state.clamped = 0 }
      return state.clamped
    }
  }

  package func reset() {
    state.withLock { state in
      state = State(largest: [UInt32](repeating: 0, count: state.largest.count))
    }
  }

  /// Returns false if a gradient is NaN or infinite.
  func add(_ result: kernel_grid_result, tensor: Int) -> Bool {
    state.withLock {
      $0.largest[tensor] = max($0.largest[tensor], result.largest.0)
      $0.largest[tensor + 1] = max($0.largest[tensor + 1], result.largest.1)
      $0.clamped += Int(result.clamped)
    }
    return max(result.largest.0, result.largest.1) < Float.infinity.bitPattern
  }
}
