import CKernels

/// Turns a gradient into new parameters: one flat loop, each element for itself, so that any split of it over threads
/// or ranks gives the same bits.
public protocol Optimizer: AnyObject {
  func step(_ parameters: Parameters, gradient: GradientSum, learningRate: Float, team: ThreadTeam)
}

/// Stochastic gradient descent with momentum (Polyak 1964) and weight decay, as torch.optim.SGD defines them:
///
///     g = gradient + weightDecay * w;  v = momentum * v + g;  w = w - learningRate * v
public final class SGD: Optimizer {
  public let momentum: Float
  public let weightDecay: Float
  private let velocity: AlignedBuffer<Float>?

  public init(parameterCount: Int, momentum: Float, weightDecay: Float) {
    self.momentum = momentum
    self.weightDecay = weightDecay
    velocity = momentum == 0 ? nil : AlignedBuffer(count: parameterCount, zero: 0)
  }

  public func step(_ parameters: Parameters, gradient: GradientSum, learningRate: Float, team: ThreadTeam) {
    let options = kernel_sgd_options(
      learning_rate: learningRate, momentum: momentum, weight_decay: weightDecay, nesterov: false)
    let weights = parameters.pointer
    let (exact, fast, velocity) = (gradient.exact, gradient.fast, velocity?.pointer)
    team.split(parameters.count / 16, grain: 512) {
      kernel_sgd(
        weights, exact, fast, velocity, options,
        kernel_range(begin: $0.lowerBound * 16, end: $0.upperBound * 16))
    }
  }
}
