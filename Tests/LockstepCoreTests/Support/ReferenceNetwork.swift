import LockstepCore
import PlatformC

/// A network in Double, as plainly as its layers' formulas have it: what kernels are compared with.
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

  /// With a sample's dropout, where its number is given.
  func logits(_ x: [Double], sample: Int? = nil) -> [Double] {
    var x = ReferenceValues(shape: input.shape, values: x)
    var tensor = 0
    for (number, layer) in specification.enumerated() {
      switch layer {
      case .dense:
        x = x.dense(weight: tensors[tensor], bias: tensors[tensor + 1])
        tensor += 2
      case .conv(_, let size, let stride, let padding):
        x = x.convolved(
          weight: tensors[tensor], bias: tensors[tensor + 1], size: size, stride: stride, padding: padding)
        tensor += 2
      case .maxPool(let size, let stride): x = x.maxPooled(size: size, stride: stride)
      case .dropout(let p):
        if let sample { x = x.dropped(p, units: x.values.count, layer: number, sample: sample) }
      case .dropout2D(let p):
        if let sample { x = x.dropped(p, units: x.shape[0], layer: number, sample: sample) }
      case .flatten: x.shape = [x.values.count]
      case .relu: x.values = x.values.map { max($0, 0) }
      case .tanh: x.values = x.values.map { tanh($0) }
      case .sigmoid: x.values = x.values.map { 1 / (1 + exp(-$0)) }
      }
    }
    return x.values
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
