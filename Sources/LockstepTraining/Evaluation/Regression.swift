import LockstepData
import LockstepNetwork
import LockstepSupport

/// What a network's outputs are where labels are numbers: the targets, scaled.
public struct Regression: Equatable, Sendable {
  /// The name of the loss that it was trained with.
  public let loss: String
  /// How the targets were scaled.
  public let scaling: TargetScaling

  public init(loss: String, scaling: TargetScaling) { (self.loss, self.scaling) = (loss, scaling) }
}

extension Recipe {
  /// How targets are scaled.
  public enum TargetNormalization: String, CaseIterable, Sendable {
    /// By the mean and deviation of the training samples' targets, each column by its own.
    case auto
    /// As they are.
    case none
  }

  /// What the network's outputs are for this dataset; nil for classes.
  ///
  /// Throws `LockstepError` (usage) for a loss of other labels than the dataset's.
  package func regression(for dataset: Dataset) throws -> Regression? {
    guard let isOfNumbers = LossRegistry.isOfNumbers(loss) else { throw LossRegistry.unknown(loss) }
    guard let targets = dataset.train.targets else {
      guard isOfNumbers else { return nil }
      throw LockstepError(
        .usage, "loss", expected: "labels that are numbers, of type float32 or float64, for \(loss)",
        found: "classes in \(dataset.name)",
        fix: "Leave --loss out to learn the classes, or write the labels as floats, [n] or [n, k]")
    }
    guard isOfNumbers else {
      throw LockstepError(
        .usage, "loss", expected: "classes, labels of type uint8 or int32, for \(loss)",
        found: "labels of type \(targets.element), \([targets.count] + targets.shape), in \(dataset.name)",
        fix: "Set --loss mse or l1 to learn these numbers, or write class numbers as uint8 or int32")
    }
    return Regression(
      loss: loss,
      scaling: normalizeTargets == .auto
        ? TargetScaling(of: targets) : .none(columns: targets.elementsPerSample))
  }

  /// The loss of training.
  func batchLoss(of network: Network, _ capacity: Int, weights: [Float]?, _ regression: Regression?) throws
    -> any BatchLoss
  {
    loss == LossRegistry.crossEntropy
      ? SoftmaxCrossEntropy(
        classes: network.classes, capacity: capacity, labelSmoothing: Float(labelSmoothing), weights: weights)
      : try LossRegistry.make(
        loss, outputs: network.classes, capacity: capacity, scaling: regression?.scaling)
  }
}
