import CKernels

/// The gradient of a convolution with respect to its filters:
///
///     dW[o, c, i, j] = sum over samples, r and q of dY[o, r, q] X[c, step r + i - padding, step q + j - padding]
///
/// Threads take whole micro-batches, the samples that they have in their caches, and add their exact sums afterwards:
/// those are multiples of one unit, so that their order does not matter.
struct ConvolutionWeightGradient {
  private let layer: Convolution2D
  /// More parameters than these are split over the threads themselves: each has enough of them.
  private static let mostParametersToSum = 1 << 16
  private static let mostSums = 8

  init(_ layer: Convolution2D) { self.layer = layer }

  private var positions: Int { layer.taps / layer.adjacentChannels }
  private var mostSums: Int { layer.parameterCount <= Self.mostParametersToSum ? Self.mostSums : 1 }

  /// Floats for sums of Doubles.
  var scratchCount: Int { mostSums * layer.parameterCount * 2 }

  /// `x` with its border. Returns false where the gradient is NaN or too large to sum exactly.
  func run(x: Activations, dy: Activations, gradient: GradientSlice, pass: Pass) -> Bool {
    let failures = FailureFlag()
    let work = { [self] (microBatches: Range<Int>, positions: Range<Int>, slice: GradientSlice) in
      let isFinite = gradientPart(x, dy, microBatches, positions, slice, pass)
      if !isFinite { failures.raise() }
    }
    let microBatches = max(pass.bounds.count - 1, 0)
    let sums = pass.team.count > 1 ? min(microBatches, mostSums) : 1
    let team = pass.team
    if let limit = gradient.exactLimit, sums > 1 {
      let first = UnsafeMutableRawPointer(pass.scratch + layer.borderCount(rows: pass.rows))
        .bindMemory(to: Double.self, capacity: sums * layer.parameterCount)
      // Several parts, so that no thread waits long for another; but not of few taps, which keep no core busy.
      let parts = max(layer.taps < 96 ? 1 : 2, (team.count + sums - 1) / sums)
      team.split(sums * parts) { [self] units in
        for unit in units {
          let (sum, part) = unit.quotientAndRemainder(dividingBy: parts)
          let slice = GradientSlice.exact(first + sum * layer.parameterCount, limit: limit)
          work(share(sum, of: sums, microBatches), share(part, of: parts, positions + 1), slice)
        }
      }
      add((0..<sums).map { UnsafePointer(first + $0 * layer.parameterCount) }, to: gradient, team: team)
    } else {
      team.split(positions + 1, grain: layer.adjacentChannels == 1 ? 8 : 1, pieces: 1) {
        work(0..<microBatches, $0, gradient)
      }
    }
    return !failures.isRaised
  }

  private func share(_ number: Int, of shares: Int, _ count: Int) -> Range<Int> {
    count * number / shares..<count * (number + 1) / shares
  }

  private func gradientPart(
    _ x: Activations, _ dy: Activations, _ microBatches: Range<Int>, _ positions: Range<Int>,
    _ slice: GradientSlice, _ pass: Pass
  ) -> Bool {
    layer.withPatches { patches in
      let panels = kernel_range(begin: 0, end: layer.panels)
      return WeightGradient(slice: slice) { sink, limit in
        kernel_convolution_weight_gradient(
          patches, x.pointer, x.stride, dy.pointer, dy.stride, layer.taps,
          kernel_micro_batches(
            bounds: pass.bounds.baseAddress! + microBatches.lowerBound, count: Int32(microBatches.count)),
          limit,
          sink, positions.kernel, panels)
      } fast: { sink in
        kernel_convolution_weight_gradient_fast(
          patches, x.pointer, x.stride, dy.pointer, dy.stride, layer.taps, pass.rows, sink, positions.kernel,
          panels)
      }.run()
    }
  }

  /// The sum of exact sums, written or applied.
  private func add(_ sums: [UnsafePointer<Double>], to gradient: GradientSlice, team: ThreadTeam) {
    team.split(layer.parameterCount / 16, grain: 64) {
      let elements = kernel_range(begin: $0.lowerBound * 16, end: $0.upperBound * 16)
      let sums: [UnsafePointer<Double>?] = sums
      switch gradient {
      case .exact(let to, _): kernel_sum_exact(sums, Int32(sums.count), to, elements)
      case .applied(let update, _, _):
        withUnsafePointer(to: update) {
          kernel_apply_summed_update($0, sums, nil, Int32(sums.count), elements)
        }
      case .fast: preconditionFailure("Sums in Float are not exact")
      }
    }
  }
}

extension GradientSlice {
  /// The limit of the exact reduction; nil where sums are in Float.
  fileprivate var exactLimit: Float? {
    switch self {
    case .exact(_, let limit), .applied(_, .exact, let limit): limit
    case .fast, .applied(_, .fast, _): nil
    }
  }
}
