import LockstepData
import LockstepSupport

/// Turns a specification into layers that fit each other.
package struct NetworkBuilder {
  package private(set) var layers: [any NetworkLayer] = []
  /// The position of each in the specification.
  private(set) var positions: [Int] = []
  /// The network's output so far, which is the input of the next layer.
  var layout: FeatureLayout
  let classes: Int
  /// The position of the layer that is being made, and its name for messages.
  private(set) var position = 0
  private var subject = ""
  private let mostParameters: Int
  private var parameterTotal = 0
  /// The most activations a sample: more would fit into no machine that Lockstep is for.
  static let mostFloats = 1 << 31
  private static let mostLayers = 1000
  /// Entries of the tables that convolutions and dropouts use: taps of a patch, positions of features.
  private var tableEntries = 0
  private static let mostTableEntries = 1 << 24

  package init(input: FeatureLayout, classes: Int, mostParameters: Int) {
    layout = input
    self.classes = classes
    self.mostParameters = mostParameters
  }

  /// Makes the layers of a whole specification.
  ///
  /// Throws `LockstepError` (usage) naming the layer that no recipe could contain, or that does not fit.
  package mutating func add(_ specification: [LayerSpecification]) throws {
    subject = "network"
    try require(
      specification.count <= Self.mostLayers, "at most \(Self.mostLayers) layers", "\(specification.count)")
    for (position, layer) in specification.enumerated() { try layer.check(position: position) }
    for (position, layer) in specification.enumerated() {
      (self.position, subject) = (position, "layer \(position) (\(layer))")
      guard let layer = try layer.form.makeLayer(in: &self) else { continue }
      layers.append(layer)
      positions.append(position)
      layout = layer.output
    }
  }

  /// Throws if the last layer does not have one output a class, or no layer learns.
  mutating func requireLogits() throws {
    try require(
      layout.shape == [classes] && layers.contains { $0.paddedParameterCount > 0 },
      "\(classes) outputs, one a class, as the last layer's", "\(layout.shape)")
  }

  /// Adds weights and biases of the layer to the total, before it is made.
  mutating func count(inputs: Int, outputs: Int) throws {
    let total = Double(parameterTotal) + (Double(inputs) + 1) * Double(outputs)
    try require(
      total <= Double(mostParameters), "at most \(mostParameters) parameters in all", fixed(total, 0))
    parameterTotal = Int(total)
  }

  /// Adds the layer's table entries to the total, before it is made.
  mutating func count(tableEntries more: Int) throws {
    tableEntries += more
    try require(
      tableEntries <= Self.mostTableEntries,
      "at most \(Self.mostTableEntries) taps of convolutions and features of dropouts in all",
      "\(tableEntries)")
  }

  /// The input of a layer that takes images.
  func requireImage() throws -> FeatureLayout.Image {
    guard let image = layout.image, layout.shape.count == 3 else {
      throw LockstepError(
        .usage, subject, expected: "[channels, height, width] from the layer before it",
        found: "\(layout.shape)",
        fix: "Put it before 'flatten' and 'dense', or give data of images")
    }
    return image
  }

  /// Throws about the layer that is being made unless `holds`.
  func require(_ holds: Bool, _ expected: String, _ found: String) throws {
    guard holds else {
      throw LockstepError(
        .usage, subject, expected: expected, found: found,
        fix: "Change this layer or one before it in the recipe")
    }
  }

  /// Throws for an impossible sample shape or number of classes.
  static func check(inputShape: [Int], classes: Int) throws {
    let count = inputShape.reduce(1.0) { $0 * Double($1) }
    guard !inputShape.isEmpty, inputShape.allSatisfy({ $0 >= 1 }), count < Double(mostFloats) else {
      throw LockstepError(
        .usage, "input shape",
        expected: "[features], [height, width] or [channels, height, width], fewer than 2^31 in all",
        found: "\(inputShape)")
    }
    guard 1...Int(Dataset.maximumLabel) + 1 ~= classes else {
      throw LockstepError(
        .usage, "classes", expected: "a number from 1 to \(Dataset.maximumLabel + 1)", found: "\(classes)")
    }
  }
}
