import CKernels
import LockstepData
import LockstepSupport

/// The gradient of a convolution with respect to its filters:
///
///     dW[o, c, i, j] = sum over samples, r and q of dY[o, r, q] X[c, stride r + i - padding, stride q + j - padding]
///
/// A micro-batch's sums stay in scratch memory, so that its samples can be added a few at a time. The result is the sum
/// over micro-batches, each rounded as `GradientSum` says.
struct ConvolutionWeightGradient: RowwiseWeightGradient {
  private let layer: Convolution2D
  private let x: Activations
  private let pass: Pass
  private let chains: [Range<Int>]
  private let chainNumbers: [Int32]
  private let sums: UnsafeMutablePointer<Float>
  /// Room for the sums, in floats, unless one position of the filter needs more for all micro-batches.
  private static let roomForSums = 1 << 21

  /// `sums` is the scratch memory for the sums.
  init(_ layer: Convolution2D, x: Activations, pass: Pass, sums: UnsafeMutablePointer<Float>) {
    (self.layer, self.x, self.pass, self.sums) = (layer, x, pass, sums)
    chains = pass.microBatches.chains
    chainNumbers = pass.microBatches.chainNumbers
  }

  /// Floats of scratch memory for the sums of up to `chains` micro-batches.
  static func scratchCount(_ layer: Convolution2D, chains: Int) -> Int {
    min(chains * count(of: layer), max(roomForSums, chains * countAtPosition(of: layer)))
  }

  /// Floats of a chain's sums: by output, which is the result's layout, and by input, for the kernel that skips zeros.
  private static func count(of layer: Convolution2D) -> Int {
    layer.paddedParameterCount + (layer.taps / layer.adjacentChannels + 1) * countByInput(of: layer)
  }

  private static func countAtPosition(of layer: Convolution2D) -> Int {
    layer.panels * layer.adjacentChannels * 16 + countByInput(of: layer)
  }

  /// Floats of a chain's sums by input at one position, with the kernel's notes; 0 if there are too few inputs for
  /// vectors.
  private static func countByInput(of layer: Convolution2D) -> Int {
    let (inputs, outputs) = (layer.adjacentChannels, layer.outputs)
    let count = outputs * paddedToPanel(inputs)
    return inputs > 1 && count <= 2 * inputs * layer.panels * 16 ? count + 16 : 0
  }

  /// Positions of the filter, and the bias as one more.
  private var positions: Range<Int> { 0..<layer.taps / layer.adjacentChannels + 1 }
  /// The number of positions that there is room for.
  private var positionsAtOnce: Int {
    let room = Self.scratchCount(layer, chains: pass.rows)
    return max(room / max(chains.count * Self.countAtPosition(of: layer), 1), 1)
  }

  var canAdd: Bool {
    chains.count * Self.count(of: layer) <= Self.scratchCount(layer, chains: pass.rows)
  }

  func add(_ rows: Range<Int>, dy: Activations, to chain: Int) {
    layer.copyWithBorder(x, rows: rows, pass: pass)
    add(rows, dy: dy, to: chain, part: positions, of: positions)
  }

  func finish(into gradient: GradientSlice) -> Bool { finish(positions, into: gradient) }

  func run(dy: Activations, into gradient: GradientSlice) -> Bool {
    pass.team.split(pass.rows) { layer.copyWithBorder(x, rows: $0, pass: pass) }
    let atOnce = canAdd ? positions.count : positionsAtOnce
    return stride(from: 0, to: positions.count, by: atOnce).reduce(true) { isFinite, begin in
      let round = begin..<min(begin + atOnce, positions.count)
      // Several parts a thread, so that none waits long for another.
      let parts = min(max(2 * pass.team.count / max(chains.count, 1), 1), round.count)
      pass.team.split(chains.count * parts) { units in
        for unit in units {
          let (chain, number) = unit.quotientAndRemainder(dividingBy: parts)
          let part = Share(index: number, count: parts).range(of: round.count)
          add(
            chains[chain], dy: dy, to: chain, part: begin + part.lowerBound..<begin + part.upperBound,
            of: round)
        }
      }
      return finish(round, into: gradient) && isFinite
    }
  }

  /// Floats of one chain's sums at some positions.
  private func count(_ positions: Range<Int>) -> Int {
    let bias = positions.upperBound == self.positions.upperBound ? 1 : 0
    return layer.panels * ((positions.count - bias) * layer.adjacentChannels + bias) * 16
  }

  private func add(
    _ rows: Range<Int>, dy: Activations, to chain: Int, part: Range<Int>, of positions: Range<Int>
  ) {
    let source = layer.withBorder(x, pass: pass)
    let byInput = Self.countByInput(of: layer)
    let first = chains.count * count(positions)
    let own = (chain * positions.count + part.lowerBound - positions.lowerBound) * byInput
    kernel_convolution_weight_sums(
      kernel_convolution_sums(
        patches: layer.patches, x: source.matrix, dy: dy.matrix,
        positions: positions.kernel, part: part.kernel,
        fresh: rows.lowerBound == chains[chain].lowerBound, last: rows.upperBound == chains[chain].upperBound,
        sums: sums + chain * count(positions), by_input: byInput > 0 ? sums + first + own : nil),
      rows.kernel)
  }

  private func finish(_ positions: Range<Int>, into gradient: GradientSlice) -> Bool {
    // A rank without samples has no sums: the scratch memory holds something else.
    if chains.isEmpty, case .fast(let sum) = gradient {
      sum.update(repeating: 0, count: layer.paddedParameterCount)
      return true
    }
    let failures = FailureFlag()
    let count = count(positions)
    pass.team.split(count / 16, grain: 64) { range in
      func into(_ sink: kernel_gradient_sink) -> kernel_convolution_gradient {
        kernel_convolution_gradient(
          patches: layer.patches, sums: sums, positions: positions.kernel, sink: sink)
      }
      let isFinite = WeightGradient(slice: gradient) { sink, limit in
        kernel_convolution_weight_gradient(
          into(sink), kernel_chains(stride: count, count: Int32(chains.count), numbers: nil), limit,
          range.kernel)
      } fast: { sink in
        kernel_convolution_weight_gradient_fast(into(sink), range.kernel)
      } grid: { sink, grid in
        chainNumbers.withUnsafeBufferPointer {
          kernel_convolution_weight_gradient_grid(
            into(sink), kernel_chains(stride: count, count: Int32(chains.count), numbers: $0.baseAddress),
            grid, range.kernel)
        }
      }.run()
      if !isFinite { failures.raise() }
    }
    return !failures.isRaised
  }
}
