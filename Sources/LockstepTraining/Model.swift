import LockstepData
import LockstepNetwork
import LockstepSupport

/// A trained network with what it needs to read an image: what `model.safetensors` holds.
public struct Model {
  public let parameters: Parameters
  public let normalization: Normalization
  public var network: Network { parameters.network }

  /// Throws `LockstepError` (usage) for a normalization that no recipe could hold.
  public init(parameters: Parameters, normalization: Normalization) throws {
    try normalization.check()
    self.parameters = parameters
    self.normalization = normalization
  }

  /// Throws where a dataset's images or labels are not what this network reads.
  public func check(_ dataset: Dataset) throws {
    guard dataset.test.images.shape == network.inputShape else {
      throw LockstepError(
        .data, dataset.name, expected: "images of \(network.inputShape), as the model was trained on",
        found: "\(dataset.test.images.shape)")
    }
    guard dataset.classes <= network.classes else {
      throw LockstepError(
        .data, dataset.name, expected: "at most \(network.classes) classes, as the model was trained on",
        found: "\(dataset.classes)")
    }
  }
}
