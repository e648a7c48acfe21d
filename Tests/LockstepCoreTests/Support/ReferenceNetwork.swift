import LockstepCore
import PlatformC

/// A network in Double, straight from its layers' formulas: the reference for kernels.
struct ReferenceNetwork {
  /// Weight and bias of each layer that has them, in turn, in PyTorch's shapes.
  var tensors: [[Double]]
  /// Running mean and variance of each layer that has them.
  let state: [[Double]]
  let inputs: Int
  private let specification: [LayerSpecification]
  private let input: ReferenceValues

  init(_ problem: Problem) {
    tensors = problem.network.tensors.map { problem.parameters.values(of: $0).map(Double.init) }
    state = problem.network.stateTensors.map { problem.parameters.values(of: $0).map(Double.init) }
    inputs = problem.network.inputFeatures
    specification = problem.network.specification
    input = ReferenceValues(shape: problem.network.input.shape, values: [])
  }

  /// Of one sample, as in evaluation.
  func logits(_ x: [Double]) -> [Double] { logits([x], samples: nil, groups: nil)[0] }

  /// Of several: with each one's dropout, if their numbers are given, and the statistics of each group's rows, if these
  /// are given.
  func logits(_ x: [[Double]], samples: [Int]?, groups: [Range<Int>]?) -> [[Double]] {
    var pass = ReferencePass(tensors: tensors, state: state, samples: samples, groups: groups)
    return pass.run(specification, x.map { ReferenceValues(shape: input.shape, values: $0) }).map(\.values)
  }

  static func layerNorm(_ x: [Double], weight: [Double], bias: [Double], epsilon: Double = 1e-5) -> [Double] {
    let mean = x.reduce(0, +) / Double(x.count)
    let variance = x.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(x.count)
    return x.indices.map { (x[$0] - mean) / (variance + epsilon).squareRoot() * weight[$0] + bias[$0] }
  }

  /// The mean softmax cross-entropy over a problem's samples, in training.
  func loss(of problem: Problem) -> Double {
    let z = trainingLogits(of: problem)
    return z.indices.reduce(0) {
      $0 + Self.crossEntropy(z[$1], label: Int(problem.labels[$1])) / Double(z.count)
    }
  }

  func trainingLogits(of problem: Problem) -> [[Double]] {
    let x = (0..<problem.count).map { problem.inputs[$0 * inputs..<($0 + 1) * inputs].map(Double.init) }
    let bounds = problem.shard(microBatches: 4).bounds
    return logits(
      x, samples: Array(0..<problem.count),
      groups: zip(bounds, bounds.dropFirst()).map { Int($0)..<Int($1) })
  }

  /// The derivative of the loss with respect to one parameter, by central differences.
  mutating func derivative(tensor: Int, element: Int, of problem: Problem) -> Double {
    let (value, h) = (tensors[tensor][element], 1e-6)
    tensors[tensor][element] = value + h
    let above = loss(of: problem)
    tensors[tensor][element] = value - h
    let below = loss(of: problem)
    tensors[tensor][element] = value
    return (above - below) / (2 * h)
  }

  /// Cut into groups of one size.
  static func grouped(_ x: [Double], _ groups: Int) -> [[Double]] {
    let size = x.count / groups
    return (0..<groups).map { Array(x[$0 * size..<($0 + 1) * size]) }
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
