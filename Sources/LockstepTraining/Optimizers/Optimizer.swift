import CKernels
import LockstepNetwork
import LockstepSupport

/// Turns gradients into new parameters, element by element, so that any division of them among threads or ranks gives
/// the same bits.
package protocol Optimizer: AnyObject {
  /// The update of step `step` (counted from 1) as the kernels take it, for the whole parameter buffer.
  func update(of parameters: Parameters, step: Int, learningRate: Float) -> kernel_update
  /// Whether an update depends on more than an element's own gradient: then the whole gradient is summed before it.
  var needsWholeGradient: Bool { get }
  /// Where it does, what `update` needs of the whole gradient and of the weights before any of these changes.
  func measure(_ gradient: GradientSum, for update: kernel_update, team: ThreadTeam)
  /// Its state, buffers laid out like the parameters: what a checkpoint must contain besides them.
  var moments: [AlignedBuffer<Float>] { get }
}

extension Optimizer {
  package var needsWholeGradient: Bool { false }
  package func measure(_ gradient: GradientSum, for update: kernel_update, team: ThreadTeam) {}
}

extension Recipe {
  package func makeOptimizer(_ network: Network) -> any Optimizer {
    makeOptimizer(network) { AlignedBuffer(count: $0, zero: 0) }
  }

  /// The recipe's optimizer in its initial state, in zeroed memory from `allocate`.
  func makeOptimizer(
    _ network: Network, allocate: (Int) throws -> AlignedBuffer<Float>
  ) rethrows -> any Optimizer {
    let moments = try (0..<momentCount).map { _ in try allocate(network.paddedParameterCount) }
    func sgd(decay: Double) -> SGD {
      SGD(velocity: moments.first, momentum: Float(momentum), weightDecay: Float(decay), nesterov: nesterov)
    }
    switch optimizer {
    case .sgd: return sgd(decay: weightDecay)
    case .lars:
      return LARS(
        sgd(decay: 0), coefficient: trustCoefficient, weightDecay: weightDecay, epsilon: epsilon,
        network: network)
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
    if let tensors { update.tensors = tensors + offset / 16 }
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
