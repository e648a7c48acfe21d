import LockstepData
import LockstepNetwork
import LockstepSupport

/// A trained network with the normalization of its inputs: the content of `model.safetensors`.
///
/// Sendable, because nothing changes the parameters once there is a model of them.
public struct Model: @unchecked Sendable {
  /// The weights and their network.
  public let parameters: Parameters
  /// How samples are scaled before they reach the network; never `auto`.
  public let normalization: Normalization
  /// The network of the parameters.
  public var network: Network { parameters.network }
  /// What was done to the pictures that it was trained on, by a record of `lockstep import`, or where they lie as
  /// MNIST's do; else nil.
  public var pictures: PictureForm?
  /// The names of its classes where such a record has them, as many as the network's classes.
  public var classNames: [String]?
  /// What its outputs are where labels were numbers; nil for classes.
  public var regression: Regression?
  /// The type of the numbers that it was trained on. Bytes are pixels; others may have any scale.
  public var element = IDXElement.uint8

  /// Throws `LockstepError` (usage) for a normalization that no recipe could contain.
  public init(parameters: Parameters, normalization: Normalization) throws {
    try normalization.check()
    self.parameters = parameters
    self.normalization = normalization
  }

  /// Throws `LockstepError` (data) if a dataset's images have another shape than the network's input, or it has more
  /// classes.
  public func check(_ dataset: Dataset) throws {
    guard dataset.test.images.shape == network.inputShape else {
      throw LockstepError(
        .data, dataset.name, expected: "images of \(network.inputShape), as the model was trained on",
        found: "\(dataset.test.images.shape)")
    }
    guard (dataset.targetColumns != nil) == (regression != nil) else {
      throw LockstepError(
        .data, dataset.name,
        expected: "labels that are \(regression == nil ? "classes" : "numbers"), as the model was trained on",
        found: regression == nil ? "numbers, of type float" : "classes",
        fix: "Give a dataset of the same kind")
    }
    guard regression == nil || dataset.targetColumns == network.classes else {
      throw LockstepError(
        .data, dataset.name, expected: "\(network.classes) numbers a sample, as the model was trained on",
        found: "\(dataset.targetColumns ?? 0)")
    }
    guard dataset.classes <= network.classes else {
      throw LockstepError(
        .data, dataset.name, expected: "at most \(network.classes) classes, as the model was trained on",
        found: "\(dataset.classes)")
    }
  }

  /// What to know of results on samples of another type than those that it was trained on; nil for the same type.
  public func warning(of samples: SampleTable, _ name: String) -> String? {
    guard samples.element != element else { return nil }
    let scale = "bytes count as 0 to 1, other numbers as they are"
    return "\(name): samples of \(samples.element), the model was trained on \(element); \(scale)"
  }
}

extension Trainer {
  /// A model of these weights, for samples like those that it trains on.
  public func model(of parameters: Parameters) throws -> Model {
    var model = try Model(parameters: parameters, normalization: normalization)
    model.element = dataset.train.images.element
    model.regression = regression
    model.pictures = PictureForm(likeMNIST: dataset.train.images)
    return model
  }
}
