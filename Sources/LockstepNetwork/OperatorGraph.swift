import LockstepData

/// A network's forward pass as a graph of ONNX operators of opset 18 (onnx.ai/onnx/operators), without bytes: what
/// `NetworkLayer.append(to:)` fills. Values have names, tensors PyTorch's; a sample's batch is the first dimension of
/// each.
package struct OperatorGraph: Sendable {
  package struct Operator: Equatable, Sendable {
    /// ONNX's name of it, such as "Conv".
    package let kind: String
    package let inputs: [String]
    /// The value that it gives, which is its own name too.
    package var output: String
    package let attributes: [Attribute]
  }

  /// What an operator gives, and the shape of a sample of it.
  struct Value {
    let name: String
    let shape: [Int]
  }

  /// An option of an operator.
  package struct Attribute: Equatable, Sendable {
    package enum Value: Equatable, Sendable {
      case integer(Int)
      case integers([Int])
      case number(Float)
    }
    package let name: String
    package let value: Value

    static func integer(_ name: String, _ value: Int) -> Self { Self(name: name, value: .integer(value)) }
    static func integers(_ name: String, _ values: [Int]) -> Self {
      Self(name: name, value: .integers(values))
    }
    static func number(_ name: String, _ value: Float) -> Self { Self(name: name, value: .number(value)) }
  }

  package private(set) var operators: [Operator] = []
  /// Tensors of one number throughout that operators take beside the network's; [] is no dimension.
  package private(set) var constants: [(name: String, value: Float, shape: [Int])] = []
  /// Tensors of as many numbers as a sample has, which operators take.
  package private(set) var vectors: [(name: String, values: [Float])] = []
  /// Shapes of batches that operators take; -1 is what is left.
  package private(set) var shapes: [(name: String, sizes: [Int])] = []
  /// The value that the next operator takes, and the shape of a sample of it.
  package private(set) var value: String
  package private(set) var shape: [Int]
  /// Those beside it, of an operator of several.
  private var others: [Value] = []
  /// A layer that ONNX has no operators for; nil for none.
  package private(set) var refused: String?
  /// The layer whose operators are being appended, "layers.0".
  private var layer = ""

  /// No operators: the value is the input, of samples of this shape.
  init(input: String, shape: [Int]) { (value, self.shape) = (input, shape) }

  /// Names the layer whose operators follow.
  mutating func begin(_ layer: String) { self.layer = layer }

  /// Appends an operator of the current value, which gives the next. `tensors` are inputs after it, by the layer's
  /// names of them; `operands` any other values after these, then `constants`; `shape` that of its output, if it is
  /// another.
  mutating func append(
    _ kind: String, tensors: [String] = [], operands: [String] = [],
    constants numbers: [(value: Float, shape: [Int])] = [], _ attributes: [Attribute] = [],
    shape: [Int]? = nil
  ) {
    let operands = operands + numbers.map { add($0.value, shape: $0.shape) }
    let name = "\(layer).\(kind)"
    let earlier = operators.count { $0.output == name || $0.output.hasPrefix(name + ".") }
    let output = earlier == 0 ? name : "\(name).\(earlier + 1)"
    operators.append(
      Operator(
        kind: kind, inputs: [value] + tensors.map { "\(layer).\($0)" } + operands, output: output,
        attributes: attributes))
    value = output
    self.shape = shape ?? self.shape
  }

  /// Takes these values, of samples of these shapes, for the operator that follows: the first, and others beside it.
  mutating func take(_ values: [Value]) {
    (value, shape, others) = (values[0].name, values[0].shape, Array(values.dropFirst()))
  }

  /// The current value.
  var current: Value { Value(name: value, shape: shape) }

  /// Appends an operator of all values taken, whose output has samples of a shape.
  mutating func appendMerge(_ kind: String, _ attributes: [Attribute] = [], shape: [Int]) {
    let values = [current] + others
    let flat = values.map { taken in
      take([taken])
      // Images that count as vectors.
      if shape.count == 1 { flatten() }
      return value
    }
    value = flat[0]
    append(kind, operands: Array(flat.dropFirst()), attributes, shape: shape)
  }

  /// Notes that there are no operators for a layer.
  mutating func refuse(_ layer: String) { refused = layer }

  /// The same with a number as the second operand.
  mutating func append(_ kind: String, _ number: Float) { append(kind, constants: [(number, [])]) }

  /// Gives samples another shape of as many numbers.
  mutating func reshape(to shape: [Int]) {
    let name = "\(layer).shape.\(shapes.count)"
    shapes.append((name, [-1] + shape))
    append("Reshape", operands: [name], shape: shape)
  }

  /// The same with a number for each of a sample's, [features].
  mutating func append(_ kind: String, each values: [Float]) {
    let name = "\(layer).vector.\(vectors.count)"
    vectors.append((name, values))
    append(kind, operands: [name])
  }

  /// Returns the name of a new constant.
  private mutating func add(_ value: Float, shape: [Int]) -> String {
    let name = "\(layer).constant.\(constants.count)"
    constants.append((name, value, shape))
    return name
  }

  /// Gives the last operator's value a name of its own.
  mutating func rename(to name: String) {
    operators[operators.count - 1].output = name
    value = name
  }
}

extension Network {
  /// The forward pass, as in evaluation: from `input`, numbers that are multiplied by `scale` and added to `shift`
  /// before the first layer, `[batch] + input.shape`, to `logits` and their softmax, `probabilities`, both of
  /// `[batch, classes]`; or, where labels were numbers that were scaled so, to `values`, `[batch, columns]`.
  package func operatorGraph(scale: Float, shift: Float, targets: TargetScaling? = nil) -> OperatorGraph {
    var graph = OperatorGraph(input: "input", shape: input.shape)
    graph.begin("normalize")
    if scale != 1 { graph.append("Mul", scale) }
    if shift != 0 { graph.append("Add", shift) }
    var values = [graph.current]
    for number in layers.indices {
      graph.begin(names[number])
      graph.take(inputs[number].map { values[$0] })
      layers[number].append(to: &graph)
      values.append(graph.current)
    }
    graph.begin("logits")
    graph.flatten()
    if let targets {
      graph.begin("targets")
      graph.append("Mul", each: targets.deviations.map { Float($0) })
      graph.append("Add", each: targets.means.map { Float($0) })
      graph.rename(to: "values")
      return graph
    }
    graph.rename(to: "logits")
    graph.begin("softmax")
    graph.append("Softmax", [.integer("axis", 1)])
    graph.rename(to: "probabilities")
    return graph
  }
}
