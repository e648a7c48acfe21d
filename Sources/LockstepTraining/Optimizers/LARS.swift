import CKernels
import LockstepNetwork
import LockstepSupport

/// Layer-wise adaptive rate scaling for large batches (You, Gitman, Ginsburg 2017, "Large batch training of
/// convolutional networks"): SGD with momentum, each tensor's gradient scaled to the norm of its weights,
///
///     trust = coefficient · |w| / (|g| + weightDecay |w| + epsilon), or 1 where |w| or |g| is 0
///     v = momentum * v + trust · (g + weightDecay * w);  w = w - learningRate * v
///
/// Biases, and what normalizations scale and shift by, have neither decay nor trust: they take the rate as it is.
package final class LARS: Optimizer {
  private let sgd: SGD
  private let coefficient: Double
  private let weightDecay: Double
  private let epsilon: Double
  private let tensors: TensorBlocks
  private let areMatrices: [Bool]
  /// Of each tensor, in this step.
  private let rates: AlignedBuffer<kernel_tensor_rate>

  /// `sgd` takes the scaled gradients and has no decay of its own.
  init(_ sgd: SGD, coefficient: Double, weightDecay: Double, epsilon: Double, network: Network) {
    (self.sgd, self.coefficient, self.weightDecay, self.epsilon) = (sgd, coefficient, weightDecay, epsilon)
    tensors = TensorBlocks(network)
    areMatrices = network.tensors.map(\.isMatrix)
    rates = AlignedBuffer(count: network.tensors.count, zero: kernel_tensor_rate(decay: 0, trust: 1))
  }

  package var moments: [AlignedBuffer<Float>] { sgd.moments }
  package var needsWholeGradient: Bool { true }

  package func update(of parameters: Parameters, step: Int, learningRate: Float) -> kernel_update {
    var update = sgd.update(of: parameters, step: step, learningRate: learningRate)
    update.kind = KERNEL_LARS
    update.rates = UnsafePointer(rates.pointer)
    update.tensors = UnsafePointer(tensors.numbers.pointer)
    return update
  }

  package func measure(_ gradient: GradientSum, for update: kernel_update, team: ThreadTeam) {
    let clip = update.clips ? Double(update.clip) : 1
    let gradients = blockwiseNorms(of: tensors.ranges, team: team) { gradient.sumOfSquares($0) }
    let weights = blockwiseNorms(of: tensors.ranges, team: team) {
      kernel_sum_of_squares(nil, update.weights, nil, $0)
    }
    for (number, isMatrix) in areMatrices.enumerated() where isMatrix {
      let (weight, slope) = (weights[number], gradients[number] * clip)
      let trust = coefficient * weight / (slope + weightDecay * weight + epsilon)
      rates.pointer[number] = kernel_tensor_rate(
        decay: Float(weightDecay), trust: weight > 0 && slope > 0 ? Float(trust) : 1)
    }
  }
}
