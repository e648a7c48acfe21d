import CKernels
import LockstepData
import LockstepSupport

/// The gradient of what a user's layer learns: each micro-batch's sum in the order of its samples, and their total as
/// the kernels of a convolution's take it.
final class CustomWeightGradient<Own: Layer>: RowwiseWeightGradient {
  private let layer: CustomLayer<Own>
  private let x: Activations
  private let learned: LayerWeights
  private let pass: Pass
  private let chains: [Range<Int>]
  /// A chain's sum each, which one thread adds to at a time.
  private let sums: UnsafeMutableBufferPointer<LayerWeights>

  init(_ layer: CustomLayer<Own>, x: Activations, learned: LayerWeights, pass: Pass) {
    (self.layer, self.x, self.learned, self.pass) = (layer, x, learned, pass)
    chains = pass.microBatches.chains
    sums = .allocate(capacity: chains.count)
    sums.initialize(repeating: layer.noWeights)
  }

  deinit {
    sums.deinitialize()
    sums.deallocate()
  }

  var canAdd: Bool { true }

  func add(_ rows: Range<Int>, dy: Activations, to chain: Int) {
    // A sum may be asked for twice: where it goes, and how large it is.
    if rows.lowerBound == chains[chain].lowerBound { sums[chain] = layer.noWeights }
    for row in rows { _ = layer.backward(row, x, dy, learned, adding: &sums[chain]) }
  }

  func run(dy: Activations, into gradient: GradientSlice) -> Bool {
    pass.team.split(chains.count, pieces: chains.count) { [self] in
      for chain in $0 { add(chains[chain], dy: dy, to: chain) }
    }
    return finish(into: gradient)
  }

  func finish(into gradient: GradientSlice) -> Bool {
    let count = layer.paddedParameterCount
    // A rank without samples has no sum to pass on.
    if chains.isEmpty, case .fast(let sum) = gradient {
      sum.update(repeating: 0, count: count)
      return true
    }
    let placed = AlignedBuffer<Float>(count: max(chains.count, 1) * count, zero: 0)
    let tensors = layer.tensors
    for (chain, sum) in sums.enumerated() {
      for (tensor, values) in zip(tensors, [sum.weight, sum.bias]) {
        precondition(
          values.count == tensor.count, "layer \(Own.keyword) has changed the size of its gradient")
        for (element, value) in values.enumerated() {
          placed.pointer[chain * count + tensor.flatIndex(element)] = value
        }
      }
    }
    return withExtendedLifetime(placed) { finish(placed.pointer, count, into: gradient) }
  }

  private func finish(_ sums: UnsafePointer<Float>, _ count: Int, into gradient: GradientSlice) -> Bool {
    var patches = kernel_patches()
    (patches.taps, patches.adjacent) = (layer.weightRows, 1)
    let (number, all) = (Int32(chains.count), kernel_range(begin: 0, end: count / 16))
    let positions = kernel_range(begin: 0, end: layer.weightRows + 1)
    func into(_ sink: kernel_gradient_sink) -> kernel_convolution_gradient {
      kernel_convolution_gradient(patches: patches, sums: sums, positions: positions, sink: sink)
    }
    return WeightGradient(slice: gradient) { sink, limit in
      kernel_convolution_weight_gradient(
        into(sink), kernel_chains(stride: count, count: number, numbers: nil), limit, all)
    } fast: { sink in
      kernel_convolution_weight_gradient_fast(into(sink), all)
    } grid: { sink, grid in
      self.pass.microBatches.chainNumbers.withUnsafeBufferPointer {
        kernel_convolution_weight_gradient_grid(
          into(sink), kernel_chains(stride: count, count: number, numbers: $0.baseAddress), grid, all)
      }
    }.run()
  }
}
