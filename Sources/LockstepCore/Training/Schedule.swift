/// The learning rate as a function of the step.
public struct Schedule: Equatable, Sendable {
  public enum Shape: Equatable, Sendable {
    case constant
    /// Multiplied by `gamma` at the start of each of these epochs (counted from 0: milestone 3 is after three epochs),
    /// as torch.optim.lr_scheduler.MultiStepLR.
    case step(milestones: [Int], gamma: Double)
  }

  public var base: Double
  public var shape: Shape
  /// Steps over which the rate first rises linearly to the schedule's.
  public var warmupSteps: Int

  public init(base: Double, shape: Shape = .constant, warmupSteps: Int = 0) {
    self.base = base
    self.shape = shape
    self.warmupSteps = warmupSteps
  }

  /// The rate of the step with number `step` since the start of training, in epoch `epoch` (both from 0).
  public func learningRate(step: Int, epoch: Int) -> Double {
    var rate = base
    if case .step(let milestones, let gamma) = shape {
      for milestone in milestones where epoch >= milestone { rate *= gamma }
    }
    return step < warmupSteps ? rate * Double(step + 1) / Double(warmupSteps) : rate
  }
}
