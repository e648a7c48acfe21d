import CKernels
import LockstepNetwork
import LockstepSupport

/// RMSprop (Tieleman and Hinton 2012), not centred, as torch.optim.RMSprop defines it:
///
///     g = gradient + weightDecay * w;  v = alpha v + (1 - alpha) g²
///     b = momentum * b + g / (sqrt(v) + epsilon);  w = w - learningRate * b
package final class RMSprop: Optimizer {
  package let alpha: Double
  package let momentum: Float
  package let epsilon: Float
  package let weightDecay: Float
  private let square: AlignedBuffer<Float>
  private let buffer: AlignedBuffer<Float>?

  /// Over zeroed memory for the mean square and the momentum; nil without momentum.
  init(
    square: AlignedBuffer<Float>, buffer: AlignedBuffer<Float>?, alpha: Double, momentum: Float,
    epsilon: Float, weightDecay: Float
  ) {
    (self.square, self.buffer, self.alpha, self.momentum) = (square, buffer, alpha, momentum)
    (self.epsilon, self.weightDecay) = (epsilon, weightDecay)
  }

  package var moments: [AlignedBuffer<Float>] { [square] + [buffer].compactMap { $0 } }

  package func update(of parameters: Parameters, step: Int, learningRate: Float) -> kernel_update {
    var update = kernel_update()
    update.kind = KERNEL_RMSPROP
    update.learning_rate = learningRate
    update.weight_decay = weightDecay
    update.momentum = momentum
    update.beta2 = Float(alpha)
    update.one_minus_beta2 = Float(1 - alpha)
    update.epsilon = epsilon
    update.weights = parameters.pointer
    update.first = buffer?.pointer
    update.second = square.pointer
    return update
  }
}
