/// A training as it stood between two steps, as a file: safetensors with the weights under PyTorch's names, the moments
/// as `optimizer.first.NAME` and `optimizer.second.NAME`, the best epoch's weights as `best.NAME`, and the rest in the
/// metadata. Neither ranks nor threads are in it: equal trainings are equal bytes.
public struct Checkpoint: Equatable, Sendable {
  public var state: TrainingState
  public var recipe: Recipe
  /// The dataset's checksum.
  public var datasetDigest: UInt64
  public var tensors: [NamedTensor]

  public init(
    state: TrainingState, recipe: Recipe, datasetDigest: UInt64, tensors: [NamedTensor]
  ) {
    self.state = state
    self.recipe = recipe
    self.datasetDigest = datasetDigest
    self.tensors = tensors
  }

  /// The values of a tensor that is known to be there.
  subscript(name: String) -> [Float] { tensors.first { $0.name == name }?.values ?? [] }
}
