import CKernels
import LockstepSupport

/// The Euclidean norms of parts of a flat buffer, each of some ranges, of which `sumOfSquares` gives a block's. The
/// blocks of a range, from its beginning on, are added in their order, and so are the ranges: threads change no bit.
func blockwiseNorms(
  of parts: [[Range<Int>]], team: ThreadTeam, sumOfSquares: @escaping (kernel_range) -> Double
) -> [Double] {
  /// Elements whose squares are summed together, by one thread: part of the contract, as the order of a sum is.
  let block = 4096
  let blocks = parts.map { ranges in
    ranges.flatMap { range in
      stride(from: range.lowerBound, to: range.upperBound, by: block).map {
        kernel_range(begin: $0, end: min($0 + block, range.upperBound))
      }
    }
  }
  let all = blocks.flatMap { $0 }
  let sums = AlignedBuffer<Double>(count: all.count, zero: 0)
  team.split(all.count, pieces: all.count) {
    for number in $0 { sums.pointer[number] = sumOfSquares(all[number]) }
  }
  var next = 0
  return blocks.map { part in
    let own = next..<next + part.count
    next = own.upperBound
    return sums.elements[own].reduce(0, +).squareRoot()
  }
}

extension GradientSum {
  /// The Euclidean norm of a gradient that is whole, summed over the ranks, all tensors taken as one vector.
  func norm(team: ThreadTeam) -> Double {
    blockwiseNorms(of: [[0..<paddedParameterCount]], team: team) { self.sumOfSquares($0) }[0]
  }

  /// Of a range, on the calling thread.
  func sumOfSquares(_ range: kernel_range) -> Double {
    switch format {
    case .doubles: kernel_sum_of_squares(mutableExact, nil, nil, range)
    case .floats: kernel_sum_of_squares(nil, mutableFast, nil, range)
    case .words, .halfWords:
      withUnsafePointer(to: UnsafeRawPointer(integers) as UnsafeRawPointer?) { own in
        withUnsafePointer(to: scales!.gradients(own, count: 1)) { kernel_sum_of_squares(nil, nil, $0, range) }
      }
    }
  }
}

extension kernel_update {
  /// The same update for a gradient that is scaled down to a norm where its own is larger, as
  /// torch.nn.utils.clip_grad_norm_ does (Pascanu et al. 2013); nil for never.
  package func clipped(to limit: Double?, _ gradient: GradientSum, team: ThreadTeam) -> kernel_update {
    guard let limit else { return self }
    let factor = limit / (gradient.norm(team: team) + 1e-6)
    guard factor < 1 else { return self }
    var update = self
    (update.clips, update.clip) = (true, Float(factor))
    return update
  }
}
