import CKernels
import LockstepSupport

/// Runs a weight-gradient kernel with the sink that a slice names: exact, in Float or on grids, written or applied.
struct WeightGradient {
  let slice: GradientSlice
  /// Returns false if a gradient is NaN or over the limit.
  let exact: (kernel_gradient_sink, _ limit: Float) -> Bool
  let fast: (kernel_gradient_sink) -> Void
  let grid: (kernel_gradient_sink, UnsafePointer<kernel_grid>) -> kernel_grid_result

  func run() -> Bool {
    switch slice {
    case .exact(let sum, let limit):
      return exact(kernel_gradient_sink(exact: sum, fast: nil, integers: nil, update: nil), limit)
    case .fast(let sum):
      fast(kernel_gradient_sink(exact: nil, fast: sum, integers: nil, update: nil))
      return true
    case .applied(let update, let isExact, let limit):
      return withUnsafePointer(to: update) {
        let sink = kernel_gradient_sink(exact: nil, fast: nil, integers: nil, update: $0)
        if isExact { return exact(sink, limit) }
        fast(sink)
        return true
      }
    case .grid(let slice): return slice.findings.add(slice.withSink(grid), tensor: slice.tensor)
    }
  }
}
