import CKernels
import LockstepSupport

/// Each micro-batch's sums of a layer's gradient in panels of 16 columns, rows of weights and one of biases, whose
/// total the kernels of a convolution's take to where it goes.
struct PanelSums {
  /// [micro-batches that have rows, count]
  let sums: UnsafePointer<Float>
  /// Floats of the layer's parameters.
  let count: Int
  /// Rows of a panel's weights.
  let weightRows: Int

  /// Returns false if a gradient is NaN or too large to sum exactly.
  func add(_ microBatches: MicroBatches, into gradient: GradientSlice) -> Bool {
    let chains = Int32(microBatches.chains.count)
    // A rank without samples has no sum to pass on.
    if chains == 0, case .fast(let sum) = gradient {
      sum.update(repeating: 0, count: count)
      return true
    }
    var patches = kernel_patches()
    (patches.taps, patches.adjacent) = (weightRows, 1)
    let all = kernel_range(begin: 0, end: count / 16)
    let positions = kernel_range(begin: 0, end: weightRows + 1)
    func into(_ sink: kernel_gradient_sink) -> kernel_convolution_gradient {
      kernel_convolution_gradient(patches: patches, sums: sums, positions: positions, sink: sink)
    }
    return WeightGradient(slice: gradient) { sink, limit in
      kernel_convolution_weight_gradient(
        into(sink), kernel_chains(stride: count, count: chains, numbers: nil), limit, all)
    } fast: { sink in
      kernel_convolution_weight_gradient_fast(into(sink), all)
    } grid: { sink, grid in
      microBatches.chainNumbers.withUnsafeBufferPointer {
        kernel_convolution_weight_gradient_grid(
          into(sink), kernel_chains(stride: count, count: chains, numbers: $0.baseAddress), grid, all)
      }
    }.run()
  }
}
