import CKernels
import LockstepNetwork
import LockstepSupport

/// Stochastic gradient descent with momentum (Polyak 1964) and weight decay, as torch.optim.SGD defines them:
///
///     g = gradient + weightDecay * w;  v = momentum * v + g
///     w = w - learningRate * (nesterov ? g + momentum * v : v)
package final class SGD: Optimizer {
  package let momentum: Float
  package let weightDecay: Float
  /// Nesterov's momentum (Sutskever et al. 2013): the step looks ahead by one more momentum.
  package let nesterov: Bool
  private let velocity: AlignedBuffer<Float>?

  package convenience init(
    paddedParameterCount: Int, momentum: Float, weightDecay: Float, nesterov: Bool = false
  ) {
    self.init(
      velocity: momentum == 0 ? nil : AlignedBuffer(count: paddedParameterCount, zero: 0), momentum: momentum,
      weightDecay: weightDecay, nesterov: nesterov)
  }

  /// Over zeroed memory for the velocity; nil without momentum.
  init(velocity: AlignedBuffer<Float>?, momentum: Float, weightDecay: Float, nesterov: Bool) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    self.nesterov = nesterov
    self.velocity = velocity
  }

  package var moments: [AlignedBuffer<Float>] { [velocity].compactMap { $0 } }

  package func update(of parameters: Parameters, step: Int, learningRate: Float) -> kernel_update {
    var update = kernel_update()
    update.kind = KERNEL_SGD
    update.learning_rate = learningRate
    update.weight_decay = weightDecay
    update.momentum = momentum
    update.nesterov = nesterov
    update.weights = parameters.pointer
    update.first = velocity?.pointer
    return update
  }
}
