/// FNV-1a over bytes, 64 bits.
package struct FNV1a {
  package private(set) var value: UInt64 = 0xCBF2_9CE4_8422_2325

  package init() {}

  package mutating func combine(_ byte: UInt8) { value = (value ^ UInt64(byte)) &* 0x100_0000_01B3 }

  /// The four bytes, lowest first.
  package mutating func combine(_ bits: UInt32) {
    for shift in stride(from: 0, to: 32, by: 8) { combine(UInt8(truncatingIfNeeded: bits >> UInt32(shift))) }
  }
}

extension String {
  /// The same number for the same text in every process, unlike `hashValue`.
  package var stableHash: UInt64 {
    var hash = FNV1a()
    for byte in utf8 { hash.combine(byte) }
    return hash.value
  }
}

extension UInt64 {
  /// A digest as `hexadecimal` writes it; nil for anything else.
  package init?(digest text: String) {
    guard let value = UInt64(text, radix: 16), value.hexadecimal == text else { return nil }
    self = value
  }

  /// Sixteen hexadecimal digits, as digests are printed.
  public var hexadecimal: String {
    let digits = String(self, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
  }
}
