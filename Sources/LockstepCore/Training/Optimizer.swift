import CKernels

/// Turns gradients into new parameters, each element for itself, so that any split of them over threads or ranks gives
/// the same bits.
public protocol Optimizer: AnyObject {
  /// The update of step `step` (counted from 1) as the kernels take it, for the whole parameter buffer.
  func update(of parameters: Parameters, step: Int, learningRate: Float) -> kernel_update
}

extension Recipe {
  /// The optimizer that the recipe names, with its state at the start.
  package func makeOptimizer(parameterCount: Int) -> any Optimizer {
    switch optimizer {
    case .sgd:
      SGD(
        parameterCount: parameterCount, momentum: Float(momentum), weightDecay: Float(weightDecay),
        nesterov: nesterov)
    case .adam, .adamw:
      Adam(
        parameterCount: parameterCount, beta1: betas.first, beta2: betas.second, epsilon: Float(epsilon),
        weightDecay: Float(weightDecay), decouplesDecay: optimizer == .adamw)
    }
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
    let (update, exact, fast) = (self, gradient.exact, gradient.fast)
    team.split(count / 16, grain: 512) { range in
      withUnsafePointer(to: update) {
        kernel_apply_update(
          $0, exact, fast, kernel_range(begin: range.lowerBound * 16, end: range.upperBound * 16))
      }
    }
  }
}
