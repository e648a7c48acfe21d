import LockstepData
import LockstepSupport

/// Turns a specification into layers that fit each other.
struct NetworkBuilder {
  private(set) var layers: [any Layer] = []
  /// The place of each in the specification.
  private(set) var positions: [Int] = []
  private var layout: FeatureLayout
  private let classes: Int
  private let mostParameters: Int
  private var parameterTotal = 0
  /// More activations a sample would not fit the memory of any machine that Lockstep is for.
  private static let mostFloats = 1 << 31
  private static let mostLayers = 1000
  /// What convolutions and dropouts look up as they run: taps of a patch, places of features.
  private var tableEntries = 0
  private static let mostTableEntries = 1 << 24

  init(input: FeatureLayout, classes: Int, mostParameters: Int) {
    layout = input
    self.classes = classes
    self.mostParameters = mostParameters
  }

  mutating func add(_ specification: [LayerSpecification]) throws {
    try require(
      specification.count <= Self.mostLayers, "network", "at most \(Self.mostLayers) layers",
      "\(specification.count)")
    if let odd = specification.indices.first(where: { !specification[$0].isInRange }) {
      try require(false, "layer \(odd)", "one of \(LayerSpecification.forms)", "'\(specification[odd])'")
    }
    for (position, layer) in specification.enumerated() {
      guard let layer = try self.layer(layer, number: position, subject: "layer \(position) (\(layer))")
      else { continue }
      layers.append(layer)
      positions.append(position)
      layout = layer.output
    }
    let last = specification.last.map { "layer \(specification.count - 1) (\($0))" } ?? "network"
    try require(
      layout.shape == [classes] && layers.contains { $0.parameterCount > 0 }, last,
      "\(classes) outputs, one a class, as the last layer's", "\(layout.shape)")
  }

  /// Nil where nothing is to be computed.
  private mutating func layer(
    _ specification: LayerSpecification, number: Int, subject: String
  ) throws -> (any Layer)? {
    switch specification {
    case .dense(let outputs):
      let outputs = outputs ?? classes
      try count(inputs: layout.features, outputs: outputs, subject)
      return Dense(input: layout, outputs: outputs)
    case .conv(let outputs, let size, let stride, let padding):
      let image = try requireImage(subject)
      let (height, width) = (image.height + 2 * padding, image.width + 2 * padding)
      try require(
        height >= size && width >= size && padding < size, subject,
        "an image of at least \(size)x\(size) with its padding, which is less than \(size)",
        "\(height)x\(width)")
      try count(inputs: image.channels * size * size, outputs: outputs, subject)
      try require(
        Double(max(outputs, image.channels) + 16) * Double(height * width) < Double(Self.mostFloats), subject,
        "fewer than 2^31 inputs and outputs, padding included",
        "\(outputs) filters over \(image.channels)x\(height)x\(width)")
      try count(tableEntries: image.channels * size * size, subject)
      return Convolution2D(input: layout, outputs: outputs, size: size, step: stride, padding: padding)
    case .maxPool(let size, let stride):
      let image = try requireImage(subject)
      try require(
        image.height >= size && image.width >= size, subject, "an image of at least \(size)x\(size)",
        "\(image.height)x\(image.width)")
      return MaxPool2D(input: layout, size: size, step: stride)
    case .dropout(let probability):
      try count(tableEntries: layout.features, subject)
      return Dropout(layout, probability: Float(probability), dropsChannels: false, number: number)
    case .dropout2D(let probability):
      _ = try requireImage(subject)
      try count(tableEntries: layout.features, subject)
      return Dropout(layout, probability: Float(probability), dropsChannels: true, number: number)
    case .flatten:
      // The memory stays as it is; the next layer finds the features in it by their canonical numbers.
      layout = layout.flattened
      return nil
    case .relu: return ReLU(layout)
    case .tanh: return Tanh(layout)
    case .sigmoid: return Sigmoid(layout)
    }
  }

  /// Adds the weights and biases of a layer to the total, before it is made.
  private mutating func count(inputs: Int, outputs: Int, _ subject: String) throws {
    let total = Double(parameterTotal) + (Double(inputs) + 1) * Double(outputs)
    try require(
      total <= Double(mostParameters), subject, "at most \(mostParameters) parameters in all", fixed(total, 0)
    )
    parameterTotal = Int(total)
  }

  private mutating func count(tableEntries more: Int, _ subject: String) throws {
    tableEntries += more
    try require(
      tableEntries <= Self.mostTableEntries, subject,
      "at most \(Self.mostTableEntries) taps of convolutions and features of dropouts in all",
      "\(tableEntries)")
  }

  /// Throws for what no sample is shaped like, and no dataset has classes of.
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

  private func requireImage(_ subject: String) throws -> FeatureLayout.Image {
    guard let image = layout.image, layout.shape.count == 3 else {
      throw LockstepError(
        .usage, subject, expected: "[channels, height, width] from the layer before it",
        found: "\(layout.shape)",
        fix: "Put it before 'flatten' and 'dense', or give data of images")
    }
    return image
  }

  private func require(_ holds: Bool, _ subject: String, _ expected: String, _ found: String) throws {
    guard holds else {
      throw LockstepError(
        .usage, subject, expected: expected, found: found,
        fix: "Change this layer or one before it in the recipe")
    }
  }
}
