import CKernels
import LockstepNetwork
import LockstepSupport

/// Turns gradients into new parameters, element by element, so that any division of them among threads or ranks gives
/// the same bits.
package protocol Optimizer: AnyObject {
  /// The update of step `step` (counted from 1) as the kernels take it, for the whole parameter buffer.
  func update(of parameters: Parameters, step: Int, learningRate: Float) -> kernel_update
  /// Its state, buffers laid out like the parameters: what a checkpoint must contain besides them.
  var moments: [AlignedBuffer<Float>] { get }
}

extension Recipe {
  package func makeOptimizer(paddedParameterCount: Int) -> any Optimizer {
    makeOptimizer(paddedParameterCount: paddedParameterCount) { AlignedBuffer(count: $0, zero: 0) }
  }

  /// The recipe's optimizer in its initial state, in zeroed memory from `allocate`.
  func makeOptimizer(
    paddedParameterCount: Int, allocate: (Int) throws -> AlignedBuffer<Float>
  ) rethrows -> any Optimizer {
    let moments = try (0..<momentCount).map { _ in try allocate(paddedParameterCount) }
    switch optimizer {
    case .sgd:
      return SGD(
        velocity: moments.first, momentum: Float(momentum), weightDecay: Float(weightDecay),
        nesterov: nesterov)
    case .adam, .adamw:
      return Adam(
        first: moments[0], second: moments[1], beta1: betas.first, beta2: betas.second,
        epsilon: Float(epsilon),
        weightDecay: Float(weightDecay), decouplesDecay: optimizer == .adamw)
    case .rmsprop:
      return RMSprop(
        square: moments[0], buffer: moments.dropFirst().first, alpha: alpha, momentum: Float(momentum),
        epsilon: Float(epsilon), weightDecay: Float(weightDecay))
    }
  }

  /// The number of moments of the recipe's optimizer.
  var momentCount: Int {
    let buffers = hasMomentum && momentum > 0 ? 1 : 0
    return isAdam ? 2 : optimizer == .rmsprop ? 1 + buffers : buffers
  }
}

extension kernel_update {
  /// The same update for the parameters from `offset` on.
  func advanced(by offset: Int) -> kernel_update {
    var update = self
    update.weights += offset
    if let first { update.first = first + offset }
    if let second { update.second = second + offset }
    return update
  }

  /// Updates all parameters by the summed gradient.
  package func apply(_ gradient: GradientSum, count: Int, team: ThreadTeam) {
    let (update, sums) = (self, GradientSums([gradient]))
    team.split(count / 16, grain: 512) {
      sums.apply(update, kernel_range(begin: $0.lowerBound * 16, end: $0.upperBound * 16))
    }
  }
}
