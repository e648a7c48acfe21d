import LockstepSupport

/// The state of a training between two steps, stored as safetensors with the weights under PyTorch's names, the moments
/// as `optimizer.first.NAME` and `optimizer.second.NAME`, their moving average as `ema.NAME`, the best epoch's weights
/// as `best.NAME` with their average as `best.ema.NAME`, and the rest in the metadata. It does not contain the number
/// of ranks or threads: equal trainings give equal bytes.
public struct Checkpoint: Equatable, Sendable {
  /// The position in the training.
  public var state: TrainingState
  /// The recipe that the training started with.
  public var recipe: Recipe
  /// `Dataset.checksum`.
  public var datasetDigest: UInt64
  /// The numerical contract (`Build.contract`) of its bits.
  public var contract = Build.contract
  /// Weights, moments and the best epoch's weights.
  public var tensors: [NamedTensor]

  public init(
    state: TrainingState, recipe: Recipe, datasetDigest: UInt64, tensors: [NamedTensor]
  ) {
    self.state = state
    self.recipe = recipe
    self.datasetDigest = datasetDigest
    self.tensors = tensors
  }

  /// The values of a tensor that is known to exist.
  subscript(name: String) -> [Float] { tensors.first { $0.name == name }?.values ?? [] }
}
