import LockstepCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// A multilayer perceptron in Double, as plainly as its formulas have it: what kernels are compared with.
struct ReferenceNetwork {
  /// Weight [out, in] and bias [out] of each dense layer in turn; ReLU between layers.
  var tensors: [[Double]]
  let inputs: Int

  init(_ problem: Problem) {
    tensors = problem.network.tensors.map { problem.parameters.values(of: $0).map(Double.init) }
    inputs = problem.network.inputFeatures
  }

  func logits(_ x: [Double]) -> [Double] {
    var x = x
    for layer in 0..<tensors.count / 2 {
      let (weight, bias) = (tensors[2 * layer], tensors[2 * layer + 1])
      let y = bias.indices.map { o in x.indices.reduce(bias[o]) { $0 + weight[o * x.count + $1] * x[$1] } }
      x = 2 * layer + 2 < tensors.count ? y.map { max($0, 0) } : y
    }
    return x
  }

  /// The mean softmax cross-entropy over the samples.
  func loss(inputs x: [Float], labels: [Int32]) -> Double {
    labels.indices.reduce(0) { sum, sample in
      let z = logits(x[sample * inputs..<(sample + 1) * inputs].map(Double.init))
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
