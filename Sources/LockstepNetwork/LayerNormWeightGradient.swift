import CKernels
import LockstepData
import LockstepSupport

/// The gradient of a layer normalization's weights and biases, each micro-batch's sum in the order of its samples.
final class LayerNormWeightGradient: ChainedWeightGradient {
  private let geometry: kernel_normalization
  private let count: Int
  private let x: Activations
  let pass: Pass
  let chains: [Range<Int>]
  private let sums: AlignedBuffer<Float>

  /// `count` are the floats of the layer's parameters.
  init(_ geometry: kernel_normalization, count: Int, x: Activations, pass: Pass) {
    (self.geometry, self.count, self.x, self.pass) = (geometry, count, x, pass)
    chains = pass.microBatches.chains
    sums = AlignedBuffer(count: max(chains.count, 1) * count, zero: 0)
  }

  func add(_ rows: Range<Int>, dy: Activations, to chain: Int) {
    let sum = sums.pointer + chain * count
    // A sum may be asked for twice: where it goes, and how large it is.
    if rows.lowerBound == chains[chain].lowerBound { sum.update(repeating: 0, count: count) }
    for row in rows { kernel_layer_norm_weight_sums(geometry, x.row(row), dy.row(row), sum) }
  }

  func finish(into gradient: GradientSlice) -> Bool {
    PanelSums(sums: sums.pointer, count: count, weightRows: 1).add(pass.microBatches, into: gradient)
  }
}
