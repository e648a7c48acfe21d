import CKernels
import LockstepNetwork
import LockstepSupport

/// Adam with bias correction (Kingma and Ba 2015) as torch.optim.Adam defines it, and AdamW (Loshchilov and Hutter
/// 2019) as torch.optim.AdamW, whose weight decay is decoupled from the gradient:
///
///     m = beta1 m + (1 - beta1) g;  v = beta2 v + (1 - beta2) g²
///     w = w - learningRate / (1 - beta1ᵗ) · m / (sqrt(v) / sqrt(1 - beta2ᵗ) + epsilon)
package final class Adam: Optimizer {
  package let beta1: Double
  package let beta2: Double
  package let epsilon: Float
  package let weightDecay: Float
  /// Whether it is AdamW.
  package let decouplesDecay: Bool
  private let first: AlignedBuffer<Float>
  private let second: AlignedBuffer<Float>

  /// Over zeroed memory for the moments.
  init(
    first: AlignedBuffer<Float>, second: AlignedBuffer<Float>, beta1: Double, beta2: Double, epsilon: Float,
    weightDecay: Float, decouplesDecay: Bool
  ) {
    self.beta1 = beta1
    self.beta2 = beta2
    self.epsilon = epsilon
    self.weightDecay = weightDecay
    self.decouplesDecay = decouplesDecay
    self.first = first
    self.second = second
  }

  package var moments: [AlignedBuffer<Float>] { [first, second] }

  package func update(of parameters: Parameters, step: Int, learningRate: Float) -> kernel_update {
    var update = kernel_update()
    update.kind = KERNEL_ADAM
    update.learning_rate = learningRate
    update.weight_decay = weightDecay
    update.decoupled = decouplesDecay
    update.beta2 = Float(beta2)
    update.one_minus_beta1 = Float(1 - beta1)
    update.one_minus_beta2 = Float(1 - beta2)
    update.epsilon = epsilon
    update.correction1 = Float(1 - Self.power(beta1, step))
    update.correction2 = Float((1 - Self.power(beta2, step)).squareRoot())
    update.weights = parameters.pointer
    update.first = first.pointer
    update.second = second.pointer
    return update
  }

  /// base to the exponent by repeated squaring: the same bits everywhere, unlike a library's pow.
  static func power(_ base: Double, _ exponent: Int) -> Double {
    var (result, square, rest) = (1.0, base, exponent)
    while rest > 0 {
      if rest & 1 == 1 { result *= square }
      square *= square
      rest >>= 1
    }
    return result
  }
}
