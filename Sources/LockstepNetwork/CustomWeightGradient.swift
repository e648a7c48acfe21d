import LockstepData
import LockstepSupport

/// The gradient of what a user's layer learns: each micro-batch's sum in the order of its samples, and their total as
/// the kernels of a convolution's take it.
final class CustomWeightGradient<Own: Layer>: ChainedWeightGradient {
  private let layer: CustomLayer<Own>
  private let x: Activations
  private let learned: LayerWeights
  let pass: Pass
  let chains: [Range<Int>]
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

  func add(_ rows: Range<Int>, dy: Activations, to chain: Int) {
    // A sum may be asked for twice: where it goes, and how large it is.
    if rows.lowerBound == chains[chain].lowerBound { sums[chain] = layer.noWeights }
    for row in rows { _ = layer.backward(row, x, dy, learned, adding: &sums[chain]) }
  }

  func finish(into gradient: GradientSlice) -> Bool {
    let count = layer.paddedParameterCount
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
    return withExtendedLifetime(placed) {
      PanelSums(sums: placed.pointer, count: count, weightRows: layer.weightRows)
        .add(pass.microBatches, into: gradient)
    }
  }
}
