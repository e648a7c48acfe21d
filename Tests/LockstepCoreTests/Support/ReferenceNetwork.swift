import LockstepCore
import PlatformC

/// A network in Double, straight from its layers' formulas: the reference for kernels.
struct ReferenceNetwork {
  /// Weight and bias of each layer that has them, in turn, in PyTorch's shapes.
  var tensors: [[Double]]
  let inputs: Int
  private let specification: [LayerSpecification]
  private let input: ReferenceValues

  init(_ problem: Problem) {
    tensors = problem.network.tensors.map { problem.parameters.values(of: $0).map(Double.init) }
    inputs = problem.network.inputFeatures
    specification = problem.network.specification
    input = ReferenceValues(shape: problem.network.input.shape, values: [])
  }

  /// With a sample's dropout, if its number is given.
  func logits(_ x: [Double], sample: Int? = nil) -> [Double] {
    var x = ReferenceValues(shape: input.shape, values: x)
    var tensor = 0
    for (number, layer) in specification.enumerated() {
      let words = layer.description.split(separator: " ").map(String.init)
      let size = words.dropFirst().last { $0.contains("x") }.map { Int($0.split(separator: "x")[0])! } ?? 0
      func value(_ key: String) -> Int? { words.firstIndex(of: key).map { Int(words[$0 + 1])! } }
      switch words[0] {
      case "dense":
        x = x.dense(weight: tensors[tensor], bias: tensors[tensor + 1])
        tensor += 2
      case "conv":
        x = x.convolved(
          weight: tensors[tensor], bias: tensors[tensor + 1], size: size, stride: value("stride") ?? 1,
          padding: value("pad") ?? 0)
        tensor += 2
      case "maxpool": x = x.maxPooled(size: Int(words[1])!, stride: value("stride") ?? Int(words[1])!)
      case "dropout", "dropout2d":
        guard let sample else { break }
        let units = words[0] == "dropout" ? x.values.count : x.shape[0]
        x = x.dropped(Double(words[1])!, units: units, layer: number, sample: sample)
      case "flatten": x.shape = [x.values.count]
      case "relu": x.values = x.values.map { max($0, 0) }
      case "tanh": x.values = x.values.map { tanh($0) }
      case "sigmoid": x.values = x.values.map { 1 / (1 + exp(-$0)) }
      case "gelu": x.values = x.values.map { $0 * erfc(-$0 / 2.0.squareRoot()) / 2 }
      case "silu": x.values = x.values.map { $0 / (1 + exp(-$0)) }
      case "leakyrelu":
        let slope = words.count > 1 ? Double(words[1])! : 0.01
        x.values = x.values.map { $0 > 0 ? $0 : slope * $0 }
      case "layernorm":
        x.values = Self.layerNorm(x.values, weight: tensors[tensor], bias: tensors[tensor + 1])
        tensor += 2
      case "avgpool": x = x.averaged(size: Int(words[1])!, stride: value("stride") ?? Int(words[1])!)
      case "globalavgpool": x = x.averaged()
      default: preconditionFailure("no reference for \(layer)")
      }
    }
    return x.values
  }

  static func layerNorm(_ x: [Double], weight: [Double], bias: [Double], epsilon: Double = 1e-5) -> [Double] {
    let mean = x.reduce(0, +) / Double(x.count)
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    return x.indices.map { (x[$0] - mean) / (variance + epsilon).squareRoot() * weight[$0] + bias[$0] }
  }

  /// The mean softmax cross-entropy over the samples, in training.
  func loss(inputs x: [Float], labels: [Int32]) -> Double {
    labels.indices.reduce(0) { sum, sample in
      let z = logits(x[sample * inputs..<(sample + 1) * inputs].map(Double.init), sample: sample)
      return sum + Self.crossEntropy(z, label: Int(labels[sample])) / Double(labels.count)
    }
  }

  /// The derivative of the loss with respect to one parameter, by central differences.
  mutating func derivative(tensor: Int, element: Int, of problem: Problem) -> Double {
    let (value, h) = (tensors[tensor][element], 1e-6)
    tensors[tensor][element] = value + h
    let above = loss(inputs: problem.inputs, labels: problem.labels)
    tensors[tensor][element] = value - h
    let below = loss(inputs: problem.inputs, labels: problem.labels)
    tensors[tensor][element] = value
    return (above - below) / (2 * h)
  }

  static func crossEntropy(_ logits: [Double], label: Int) -> Double {
    let largest = logits.max()!
    return log(logits.reduce(0) { $0 + exp($1 - largest) }) + largest - logits[label]
  }

  static func softmax(_ logits: [Double]) -> [Double] {
    let largest = logits.max()!
    let powers = logits.map { exp($0 - largest) }
    return powers.map { $0 / powers.reduce(0, +) }
  }
}
