import CKernels
import LockstepSupport

extension GradientSum {
  /// Elements whose squares are summed together, by one thread: part of the contract, as the order of a sum is.
  private static let block = 4096

  /// The Euclidean norm of a gradient that is whole, summed over the ranks, all tensors taken as one vector. Blocks are
  /// added in their order, so that threads change no bit.
  func norm(team: ThreadTeam) -> Double {
    let blocks = (paddedParameterCount + Self.block - 1) / Self.block
    let sums = AlignedBuffer<Double>(count: blocks, zero: 0)
    team.split(blocks, pieces: blocks) { [count = paddedParameterCount] in
      for block in $0 {
        let end = min((block + 1) * Self.block, count)
        sums.pointer[block] = self.sumOfSquares(kernel_range(begin: block * Self.block, end: end))
      }
    }
    return sums.elements.reduce(0, +).squareRoot()
  }

  private func sumOfSquares(_ range: kernel_range) -> Double {
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
