/// Everything that decides the bits of a run, besides the dataset: what a recipe file holds and what flags override.
public struct Recipe: Equatable, Sendable {
  public enum Model: String, CaseIterable, Sendable {
    case linear, mlp, cnn
  }
  public enum OptimizerName: String, CaseIterable, Sendable {
    case sgd
  }
  public enum ScheduleName: String, CaseIterable, Sendable {
    case constant, step
  }

  public var model = Model.mlp
  /// The layers, where a recipe lists them itself; empty for those of `model`.
  public var network: [LayerSpecification] = []
  /// Outputs of the hidden layers of `mlp`.
  public var hidden = [512]
  public var epochs = 8
  /// Stops after this many steps, wherever the epoch stands; nil for no such limit.
  public var maxSteps: Int?
  /// The global batch, whatever the number of ranks.
  public var batchSize = 64
  /// Into how many parts a global batch is cut: the most ranks that can help.
  public var microBatches = 4
  public var seed: UInt64 = 1
  public var optimizer = OptimizerName.sgd
  public var learningRate = 0.02
  public var momentum = 0.9
  public var weightDecay = 0.0
  public var schedule = ScheduleName.step
  /// Epochs (from 0) at whose start the rate of the `step` schedule is multiplied by `gamma`.
  public var milestones = [4, 6]
  public var gamma = 0.1
  public var warmupSteps = 0
  public var normalize = Normalization.auto
  /// The part of the training samples that is held back to validate.
  public var validationSplit = 0.0
  public var reduction = Reduction.exact

  /// The default recipe: 98% on MNIST.
  public init() {}

  public var learningRateSchedule: Schedule {
    let shape: Schedule.Shape =
      switch schedule {
      case .constant: .constant
      case .step: .step(milestones: milestones, gamma: gamma)
      }
    return Schedule(base: learningRate, shape: shape, warmupSteps: warmupSteps)
  }

  /// The layers: those that the recipe lists, or its model's.
  public var layers: [LayerSpecification] {
    guard network.isEmpty else { return network }
    switch model {
    case .linear: return [.dense(outputs: nil)]
    case .mlp: return hidden.flatMap { [.dense(outputs: $0), .relu] } + [.dense(outputs: nil)]
    case .cnn:
      return [
        .conv(outputs: 10, size: 5, stride: 1, padding: 0), .maxPool(size: 2, stride: 2), .relu,
        .conv(outputs: 20, size: 5, stride: 1, padding: 0), .dropout2D(0.5), .maxPool(size: 2, stride: 2),
        .relu,
        .flatten, .dense(outputs: 50), .relu, .dropout(0.5), .dense(outputs: nil),
      ]
    }
  }
}
