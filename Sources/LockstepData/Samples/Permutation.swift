/// A permutation of `0 ..< count` that needs no array: any rank computes any entry.
///
/// A balanced Feistel network (Luby and Rackoff, "How to construct pseudorandom permutations from pseudorandom
/// functions", 1988) is a bijection on the next even power of two; walking its cycle until the value falls below
/// `count` (Black and Rogaway, "Ciphers with arbitrary finite domains", 2002) makes it one on `0 ..< count`. Fewer than
/// four rounds of walking are expected.
package struct Permutation: Sendable {
  package let count: Int
  private let halfBits: UInt32
  private let roundKeys: [UInt32]
  private static let rounds = 8

  package init(count: Int, seed: UInt64, purpose: CounterRandom.Purpose, time: Int) {
    precondition(count >= 1 && count <= 1 << 40)
    self.count = count
    let bits = count == 1 ? 0 : Int.bitWidth - (count - 1).leadingZeroBitCount
    halfBits = UInt32(max((bits + 1) / 2, 1))
    let random = CounterRandom(seed: seed, purpose: purpose, time: time)
    roundKeys = (0..<Self.rounds).map(random.bits)
  }

  /// Entry `index` of the permuted sequence.
  package subscript(index: Int) -> Int {
    precondition(index >= 0 && index < count)
    var value = UInt64(index)
    repeat { value = encrypt(value) } while value >= UInt64(count)
    return Int(value)
  }

  private func encrypt(_ value: UInt64) -> UInt64 {
    let mask = (UInt32(1) << halfBits) - 1
    var left = UInt32(truncatingIfNeeded: value >> UInt64(halfBits)) & mask
    var right = UInt32(truncatingIfNeeded: value) & mask
    for key in roundKeys {
      (left, right) = (right, left ^ (Self.mix(right ^ key) & mask))
    }
    return UInt64(left) << UInt64(halfBits) | UInt64(right)
  }

  /// The finaliser of MurmurHash3 (Appleby), in which every input bit reaches every output bit.
  private static func mix(_ bits: UInt32) -> UInt32 {
    var h = bits
    h = (h ^ (h >> 16)) &* 0x85EB_CA6B
    h = (h ^ (h >> 13)) &* 0xC2B2_AE35
    return h ^ (h >> 16)
  }
}
