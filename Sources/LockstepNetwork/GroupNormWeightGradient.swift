import CKernels
import LockstepData
import LockstepSupport

/// The gradient of a group normalization's weights and biases, each micro-batch's sum in the order of its samples.
final class GroupNormWeightGradient: ChainedWeightGradient {
  private let layer: GroupNorm
  private let x: Activations
  private let parameters: UnsafePointer<Float>
  let pass: Pass
  let chains: [Range<Int>]
  private let sums: AlignedBuffer<Double>
  private var count: Int { layer.paddedParameterCount }

  init(_ layer: GroupNorm, x: Activations, parameters: UnsafePointer<Float>, pass: Pass) {
    (self.layer, self.x, self.parameters, self.pass) = (layer, x, parameters, pass)
    chains = pass.microBatches.chains
    sums = AlignedBuffer(count: chains.count * layer.paddedParameterCount, zero: 0)
  }

  func add(_ rows: Range<Int>, dy: Activations, to chain: Int) {
    let sum = sums.pointer + chain * count
    // A sum may be asked for twice: where it goes, and how large it is.
    if rows.lowerBound == chains[chain].lowerBound { sum.update(repeating: 0, count: count) }
    layer.withRow { row in
      for number in rows {
        row.sum(row.measure(x, number, parameters), dy, number)
        for element in 0..<count { sum[element] += row.sums.pointer[element] }
      }
    }
  }

  func finish(into gradient: GradientSlice) -> Bool {
    let rounded = AlignedBuffer<Float>(count: max(chains.count, 1) * count, zero: 0)
    for element in 0..<sums.count { rounded.pointer[element] = Float(sums.pointer[element]) }
    return withExtendedLifetime(rounded) {
      PanelSums(sums: rounded.pointer, count: count, weightRows: 1).add(pass.microBatches, into: gradient)
    }
  }
}
