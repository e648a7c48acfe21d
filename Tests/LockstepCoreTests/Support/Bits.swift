import LockstepCore
import Testing

/// Numbers to be compared bit by bit: NaN equals itself, and -0 is not 0. A failed expectation shows a hash, not a
/// screenful of numbers.
struct Bits: Equatable, CustomTestStringConvertible {
  private let values: [UInt64]

  init(_ doubles: [Double]) { values = doubles.map(\.bitPattern) }
  init(_ floats: [Float]) { values = floats.map { UInt64($0.bitPattern) } }
  init(_ integers: [some BinaryInteger]) { values = integers.map { UInt64(truncatingIfNeeded: $0) } }
  private init(values: [UInt64]) { self.values = values }

  static func + (a: Bits, b: Bits) -> Bits { Bits(values: a.values + b.values) }

  var testDescription: String {
    let hash = values.reduce(UInt64(0xCBF2_9CE4_8422_2325)) { ($0 ^ $1) &* 0x100_0000_01B3 }
    return "\(values.count) numbers of hash \(hash.hexadecimal)"
  }
}
