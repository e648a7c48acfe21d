import LockstepData
import LockstepNetwork
import LockstepSupport

extension Model {
  /// The model of a checkpoint's weights. `dataset` gives the network's sizes and an `auto` normalization, as in
  /// training; `path` is for messages.
  ///
  /// Throws `LockstepError` (data) if they do not fit each other.
  public init(_ checkpoint: Checkpoint, path: String, dataset: Dataset, team: ThreadTeam) throws {
    let recipe = checkpoint.recipe
    let isScaledByData =
      recipe.normalize == .auto || dataset.targetColumns != nil && recipe.normalizeTargets == .auto
    guard !isScaledByData || dataset.checksum == checkpoint.datasetDigest else {
      throw LockstepError(
        .data, dataset.name,
        expected: "the run's dataset, of digest \(checkpoint.datasetDigest.hexadecimal): it decides the "
          + "normalization of a run that is not finished",
        found: "one of digest \(dataset.checksum.hexadecimal)",
        fix: "Give that one by --data, or go on with the run to its end")
    }
    let network = try Network(
      inputShape: dataset.train.images.shape, specification: recipe.layers, classes: dataset.outputs)
    let parameters = Parameters(network)
    for tensor in network.savedTensors {
      let found = checkpoint.tensors.first { $0.name == tensor.name }
      guard let found, found.shape == tensor.shape else {
        throw LockstepError(
          .data, path,
          expected: "tensor \(tensor.name) of shape \(tensor.shape), as \(dataset.name) would have it",
          found: found.map { "shape \($0.shape)" } ?? "none", fix: "Give the run's dataset by --data")
      }
      parameters.set(tensor, to: found.values)
    }
    try self.init(
      parameters: parameters, normalization: recipe.normalize.resolved(for: dataset.train.images, team: team))
    element = dataset.train.images.element
    regression = try recipe.regression(for: dataset)
    pictures = PictureForm(likeMNIST: dataset.train.images)
  }
}
