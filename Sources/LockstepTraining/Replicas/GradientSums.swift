import CKernels

/// Several ranks' gradients, or one sum of them, as the kernels take them.
struct GradientSums {
  private let sums: [GradientSum]

  init(_ sums: [GradientSum]) { self.sums = sums }

  /// Updates a range of the parameters by their sum, on the calling thread.
  func apply(_ update: kernel_update, _ range: kernel_range) {
    let count = Int32(sums.count)
    withUnsafePointer(to: update) { update in
      switch sums[0].format {
      case .doubles: pointers(\.constDoubles) { kernel_apply_update(update, $0, nil, count, range) }
      case .floats: pointers(\.constFloats) { kernel_apply_update(update, nil, $0, count, range) }
      case .words, .halfWords:
        pointers(\.constIntegers) {
          kernel_apply_grid_update(update, sums[0].scales!.gradients($0, count: count), range)
        }
      }
    }
  }

  /// Writes a range of their sum, on the calling thread.
  func write(to sum: GradientSum, _ range: kernel_range) {
    let count = Int32(sums.count)
    switch sums[0].format {
    case .doubles: pointers(\.constDoubles) { kernel_sum_exact($0, count, sum.mutableExact, range) }
    case .floats: pointers(\.constFloats) { kernel_sum_fast($0, count, sum.mutableFast, range) }
    case .words, .halfWords:
      pointers(\.constIntegers) {
        kernel_sum_grid(sums[0].scales!.gradients($0, count: count), sum.integers, range)
      }
    }
  }

  private func pointers<Pointer>(
    _ path: KeyPath<GradientSum, Pointer?>, _ body: (UnsafePointer<Pointer?>?) -> Void
  ) {
    sums.map { $0[keyPath: path] }.withUnsafeBufferPointer { body($0.baseAddress) }
  }
}

extension GradientSum {
  fileprivate var constDoubles: UnsafePointer<Double>? { UnsafePointer(mutableExact) }
  fileprivate var constFloats: UnsafePointer<Float>? { UnsafePointer(mutableFast) }
  fileprivate var constIntegers: UnsafeRawPointer? { UnsafeRawPointer(integers) }
}
