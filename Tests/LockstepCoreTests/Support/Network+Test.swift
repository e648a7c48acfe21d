import LockstepCore

extension Network {
  /// A network of layers that are known to fit, for as many classes as the last layer has outputs.
  convenience init(inputShape: [Int], specification: [LayerSpecification]) {
    guard case .dense(let outputs?) = specification.last(where: { $0 != .relu }) else {
      preconditionFailure("a network for tests ends with a dense layer")
    }
    try! self.init(inputShape: inputShape, specification: specification, classes: outputs)
  }
}
