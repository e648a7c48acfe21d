import LockstepCore
import PlatformC

/// ONNX operators in Double, sample by sample, from their documentation (onnx.ai/onnx/operators): an evaluator that
/// knows nothing of layers.
struct GraphReference {
  private let graph: OperatorGraph
  private let shape: [Int]
  private let tensors: [String: [Double]]

  /// What a graph asks for that ONNX has not.
  struct Failure: Error { let what: String }

  init(_ graph: OperatorGraph, _ problem: Problem) {
    (self.graph, shape) = (graph, problem.network.input.shape)
    let named = problem.network.savedTensors.map {
      ($0.name, problem.parameters.values(of: $0).map(Double.init))
    }
    tensors = Dictionary(
      uniqueKeysWithValues: named
        + graph.constants.map {
          ($0.name, [Double](repeating: Double($0.value), count: $0.shape.reduce(1, *)))
        } + graph.shapes.map { ($0.name, $0.sizes.map(Double.init)) })
  }

  /// All values by name. Throws `Failure`.
  func run(_ input: [Double]) throws -> [String: [Double]] {
    var values = ["input": ReferenceValues(shape: shape, values: input)]
    for node in graph.operators {
      guard let x = values[node.inputs[0]] else { throw Failure(what: "no \(node.inputs[0])") }
      let operands = try node.inputs.dropFirst().map { name in
        guard let operand = tensors[name] ?? values[name]?.values else { throw Failure(what: "no \(name)") }
        return operand
      }
      values[node.output] = try apply(node, x, operands)
    }
    return values.mapValues(\.values)
  }

  private func apply(
    _ node: OperatorGraph.Operator, _ x: ReferenceValues, _ operands: [[Double]]
  ) throws -> ReferenceValues {
    func elementwise(_ f: (Double) -> Double) -> ReferenceValues {
      ReferenceValues(shape: x.shape, values: x.values.map(f))
    }
    func with(_ f: (Double, Double) -> Double) -> ReferenceValues {
      let other = operands[0].count == 1 ? x.values.map { _ in operands[0][0] } : operands[0]
      return ReferenceValues(shape: x.shape, values: zip(x.values, other).map(f))
    }
    switch node.kind {
    case "Mul": return with(*)
    case "Div": return with(/)
    case "Add": return with(+)
    case "Erf": return elementwise(erf)
    case "Relu": return elementwise { max($0, 0) }
    case "Tanh": return elementwise(tanh)
    case "Sigmoid": return elementwise { 1 / (1 + exp(-$0)) }
    case "LeakyRelu":
      guard case .number(let alpha)? = node["alpha"] else { throw Failure(what: "no alpha") }
      return elementwise { $0 > 0 ? $0 : Double(alpha) * $0 }
    case "Softmax": return ReferenceValues(shape: x.shape, values: ReferenceNetwork.softmax(x.values))
    case "Flatten":
      guard node["axis"] == .integer(1) else { throw Failure(what: "Flatten of the batch") }
      return ReferenceValues(shape: [x.values.count], values: x.values)
    case "Gemm":
      guard x.shape.count == 1, node["transB"] == .integer(1) else {
        throw Failure(what: "Gemm of \(x.shape)")
      }
      return x.dense(weight: operands[0], bias: operands[1])
    case "LayerNormalization":
      guard node["axis"] == .integer(1), case .number(let epsilon)? = node["epsilon"] else {
        throw Failure(what: "\(node.attributes)")
      }
      let values = ReferenceNetwork.layerNorm(
        x.values, weight: operands[0], bias: operands[1], epsilon: Double(epsilon))
      return ReferenceValues(shape: x.shape, values: values)
    case "Concat":
      guard node["axis"] == .integer(1) else { throw Failure(what: "Concat of the batch") }
      let (values, area) = (x.values + operands.joined(), x.shape.dropFirst().reduce(1, *))
      return ReferenceValues(shape: [values.count / area] + x.shape.dropFirst(), values: values)
    case "BatchNormalization":
      guard case .number(let epsilon)? = node["epsilon"] else { throw Failure(what: "\(node.attributes)") }
      let pixels = x.values.count / operands[0].count
      return ReferenceValues(
        shape: x.shape,
        values: x.values.enumerated().map { at, value in
          let channel = at / pixels
          let deviation = (operands[3][channel] + Double(epsilon)).squareRoot()
          return (value - operands[2][channel]) / deviation * operands[0][channel] + operands[1][channel]
        })
    case "Reshape":
      let sizes = operands[0].dropFirst().map { Int($0) }
      guard operands[0][0] == -1, sizes.reduce(1, *) == x.values.count else {
        throw Failure(what: "\(operands[0])")
      }
      return ReferenceValues(shape: sizes, values: x.values)
    case "InstanceNormalization":
      let channels = x.shape[0]
      guard case .number(let epsilon)? = node["epsilon"], x.shape.count > 1,
        operands[0] == [Double](repeating: 1, count: channels), operands[1].allSatisfy({ $0 == 0 })
      else { throw Failure(what: "\(node.attributes)") }
      return ReferenceValues(
        shape: x.shape,
        values: ReferenceNetwork.grouped(x.values, channels).flatMap { group in
          ReferenceNetwork.layerNorm(
            group, weight: group.map { _ in 1 }, bias: group.map { _ in 0 }, epsilon: Double(epsilon))
        })
    case "Conv", "MaxPool", "AveragePool": return try windows(node, x, operands)
    default: throw Failure(what: "no operator \(node.kind)")
    }
  }

  private func windows(
    _ node: OperatorGraph.Operator, _ x: ReferenceValues, _ operands: [[Double]]
  ) throws -> ReferenceValues {
    guard x.shape.count == 3, case .integers(let kernel)? = node["kernel_shape"],
      case .integers(let strides)? = node["strides"], strides[0] == strides[1]
    else { throw Failure(what: "\(node.kind) of \(x.shape)") }
    if node.kind == "Conv" {
      guard case .integers(let pads)? = node["pads"], pads.count == 4, Set(pads).count == 1 else {
        throw Failure(what: "pads")
      }
      return x.convolved(
        weight: operands[0], bias: operands[1], size: kernel[0], stride: strides[0], padding: pads[0])
    }
    if node.kind == "MaxPool" { return x.maxPooled(size: kernel[0], stride: strides[0]) }
    if kernel[0] == kernel[1] { return x.averaged(size: kernel[0], stride: strides[0]) }
    guard kernel == Array(x.shape[1...]) else { throw Failure(what: "windows of \(kernel)") }
    let mean = x.averaged()
    return ReferenceValues(shape: mean.shape + [1, 1], values: mean.values)
  }
}

extension OperatorGraph.Operator {
  fileprivate subscript(name: String) -> OperatorGraph.Attribute.Value? {
    attributes.first { $0.name == name }?.value
  }
}
