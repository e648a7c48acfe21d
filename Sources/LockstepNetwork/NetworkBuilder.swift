import LockstepData
import LockstepSupport

/// Turns a specification into layers that fit each other.
package struct NetworkBuilder {
  package private(set) var nodes: [NetworkNode] = []
  /// What blocks and layers there are, in order.
  private(set) var outline: [OutlineEntry] = []
  package var layers: [any NetworkLayer] { nodes.map(\.layer) }
  /// The number of the current output: 0 is the network's input, n + 1 the output of node n.
  private var value = 0
  /// The names of the blocks around the layer that is being made, for messages: "layer 3 (residual), ".
  private var around = ""
  private var depth = 0
  /// The network's output so far, which is the input of the next layer.
  var layout: FeatureLayout
  let classes: Int
  /// The number of the layer that is being made among all, those in blocks too, and its name for messages.
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
    try add(specification, prefix: "layers.")
  }

  /// Adds a list, whose layers' names begin with `prefix`.
  private mutating func add(_ list: [LayerSpecification], prefix: String) throws {
    for (number, layer) in list.enumerated() {
      try require(position < Self.mostLayers, "at most \(Self.mostLayers) layers", "more")
      let name = "\(prefix)\(number)"
      switch layer.content {
      case .layer(let form):
        subject = "\(around)layer \(number) (\(layer))"
        outline.append(OutlineEntry(text: layer.description, depth: depth, position: position))
        if let made = try form.makeLayer(in: &self) { append(made, inputs: [value], name: name) }
      case .residual(let body, let shortcut):
        outline.append(OutlineEntry(text: "residual", depth: depth, position: nil))
        let lists = [("body", body), ("shortcut", shortcut)]
        let ends = try addLists(lists, of: "layer \(number) (residual)", prefix: name + ".")
        try require(
          ends[0].layout.shape == ends[1].layout.shape, "\(ends[1].layout.shape), as what it is added to",
          "\(ends[0].layout.shape)",
          fix: shortcut.isEmpty
            ? "Change the block's layers, or give it a shortcut(...) of that shape, such as "
              + (ends[0].layout.shape.count == 3 ? "one convolution of 1x1" : "a dense layer")
            : "Change a layer of the block or of its shortcut")
        if ends[0].layout != ends[1].layout { try count(tableEntries: ends[0].layout.features) }
        merge(Sum(ends.map(\.layout)), ends, name: name, text: "add")
      case .branches(let branches):
        outline.append(OutlineEntry(text: "branches", depth: depth, position: nil))
        let lists = branches.enumerated().map { ("branches.\($0)", $1) }
        let ends = try addLists(lists, of: "layer \(number) (branches)", prefix: name + ".")
        let shapes = ends.map(\.layout.shape)
        try require(
          shapes.allSatisfy { $0.count != 2 && $0.dropFirst() == shapes[0].dropFirst() },
          "branches whose images have one height and width, or vectors", "\(shapes)",
          fix: "Change the layers of a branch")
        try require(
          shapes.reduce(0.0) { $0 + Double($1.reduce(1, *)) } < Double(Self.mostFloats),
          "fewer than 2^31 outputs",
          "\(shapes)")
        for end in ends { try count(tableEntries: end.layout.features) }
        merge(Concatenation(ends.map(\.layout)), ends, name: name, text: "concatenate")
      }
      position += 1
    }
  }

  /// Adds each of a block's lists to the current output, and returns what they end with.
  private mutating func addLists(
    _ lists: [(name: String, layers: [LayerSpecification])], of block: String, prefix: String
  ) throws -> [(value: Int, layout: FeatureLayout)] {
    let (start, outer) = ((value: value, layout: layout), (around: around, depth: depth))
    let ends = try lists.map { name, layers in
      (value, layout) = start
      if name != "body", !layers.isEmpty {
        outline.append(OutlineEntry(text: name, depth: depth, position: nil))
      }
      (around, depth) = (outer.around + "\(block), \(name), ", outer.depth + 1)
      try add(layers, prefix: "\(prefix)\(name).")
      (around, depth) = outer
      return (value: value, layout: layout)
    }
    subject = outer.around + block
    return ends
  }

  private mutating func merge(
    _ layer: any MergingLayer, _ ends: [(value: Int, layout: FeatureLayout)], name: String, text: String
  ) {
    outline.append(OutlineEntry(text: text, depth: depth, position: position))
    append(layer, inputs: ends.map(\.value), name: name)
  }

  private mutating func append(_ layer: any NetworkLayer, inputs: [Int], name: String) {
    nodes.append(NetworkNode(layer: layer, inputs: inputs, name: name, position: position))
    (value, layout) = (nodes.count, layer.output)
  }

  /// Throws if the last layer does not have one output a class, or no layer learns.
  mutating func requireLogits() throws {
    try require(
      layout.shape == [classes] && layers.contains { $0.paddedParameterCount > 0 },
      "\(classes) outputs, one a class or target, as the last layer's", "\(layout.shape)")
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
      "at most \(Self.mostTableEntries) taps of convolutions and features of dropouts and blocks in all",
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

  /// For layers that learn and are no convolution: one after them could not take its gradient back to a dataset's
  /// planes.
  func requireLearnable() throws {
    try require(
      layout.shape.count == 1 || layout.isInterleaved,
      "features, or an image after a convolution, before it", "the data's own \(layout.shape)",
      fix: "Put a convolution or 'flatten' before it")
  }

  /// Throws about the layer that is being made unless `holds`.
  func require(_ holds: Bool, _ expected: String, _ found: String, fix: String? = nil) throws {
    guard holds else {
      throw LockstepError(
        .usage, subject, expected: expected, found: found,
        fix: fix ?? "Change this layer or one before it in the recipe")
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
