import LockstepNetwork
import LockstepSupport

/// Digests of what went into a step and what came of it, to be compared with those of another machine. They depend on
/// recipe, seed and dataset alone, as all that the contract covers.
public struct StepDigests: Equatable, Sendable {
  /// Counted from 1.
  public var step: Int
  /// Counted from 1.
  public var epoch: Int
  public var batch: BatchDigest
  /// The mean loss over the global batch.
  public var loss: Double
  public var learningRate: Double
  /// In the order in which the backward pass comes to them: the last layer's first.
  public var tensors: [TensorDigests]
}

/// Digests of one parameter tensor in a step.
public struct TensorDigests: Equatable, Sendable {
  /// PyTorch's, such as "layers.0.weight".
  public var name: String
  /// The weights before the step.
  public var before: ValuesDigest
  /// The gradient of the mean loss over the global batch as the optimizer takes it: summed over micro-batches and
  /// ranks, then rounded to Float.
  public var gradient: ValuesDigest
  /// The weights after the step.
  public var after: ValuesDigest
}

/// A tensor's values in short.
public struct ValuesDigest: Equatable, Sendable {
  /// As `Parameters.digest`, of one tensor: 64-bit FNV-1a of the name, a zero byte, and the elements as little-endian
  /// bytes, row-major in the tensor's shape.
  public let digest: UInt64
  /// The largest magnitude; NaN if any value is.
  public let largest: Float

  /// Of a tensor's values, row-major in its shape.
  package init(name: String, _ values: some Sequence<Float>) {
    var (hash, largest) = (FNV1a(), LargestMagnitude())
    for byte in name.utf8 { hash.combine(byte) }
    hash.combine(UInt8(0))
    for value in values {
      hash.combine(value.bitPattern)
      largest.add(value)
    }
    (digest, self.largest) = (hash.value, largest.value)
  }
}

/// The largest magnitude of some values. As bits, in which infinity is larger than any number, and NaN than infinity.
struct LargestMagnitude {
  var bits: UInt32 = 0
  var value: Float { Float(bitPattern: bits) }

  mutating func add(_ value: Float) { bits = max(bits, value.magnitude.bitPattern) }
}
