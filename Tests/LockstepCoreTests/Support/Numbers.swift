import LockstepCore

/// Numbers for tests: small ones in [-1, 1), or the same numbers mixed with every special kind of float.
struct Numbers {
  private var mutator: Mutator

  init(seed: UInt64) { mutator = Mutator(seed: seed) }

  /// In [-scale, scale).
  mutating func floats(_ count: Int, scale: Float = 1) -> [Float] {
    (0..<count).map { _ in Float.random(in: -scale..<scale, using: &mutator) }
  }

  /// Zeros of both signs, ties of the grid of 2^-42, denormals, and magnitudes from 2^-140 to 2^-3.
  mutating func awkwardFloats(_ count: Int) -> [Float] {
    (0..<count).map { _ in
      let sign: Float = Bool.random(using: &mutator) ? 1 : -1
      let size = Float.random(in: 1..<2, using: &mutator)
      return switch Int.random(in: 0..<6, using: &mutator) {
      case 0: sign * 0
      case 1: sign * Float(2 * Int.random(in: 0..<1000, using: &mutator) + 1) * 0x1p-43
      case 2: sign * Float(bitPattern: UInt32.random(in: 1..<1 << 23, using: &mutator))
      case 3:
        sign * size
          * Float(sign: .plus, exponent: Int.random(in: -120 ..< -40, using: &mutator), significand: 1)
      default:
        sign * size
          * Float(sign: .plus, exponent: Int.random(in: -30 ..< -3, using: &mutator), significand: 1)
      }
    }
  }

  mutating func labels(_ count: Int, classes: Int) -> [Int32] {
    (0..<count).map { _ in Int32.random(in: 0..<Int32(classes), using: &mutator) }
  }
}

/// Rows of `features` numbers, each padded with zeros to a multiple of 16, as kernels expect them.
func padded(_ values: [Float], features: Int) -> [Float] {
  let stride = (features + 15) / 16 * 16
  return values.indices.filter { $0 % features == 0 }.flatMap {
    values[$0..<$0 + features] + [Float](repeating: 0, count: stride - features)
  }
}

/// The largest difference over the largest magnitude of the expected values.
func relativeError(_ found: [Double], _ expected: [Double]) -> Double {
  precondition(found.count == expected.count)
  let largest = expected.map(abs).max() ?? 0
  let difference = zip(found, expected).map { abs($0 - $1) }.reduce(0) { $1 > $0 || $1.isNaN ? $1 : $0 }
  return difference == 0 ? 0 : difference / largest
}
