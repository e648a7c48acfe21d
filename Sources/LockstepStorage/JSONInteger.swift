/// A whole number in JSON from outside. Foundation's own decoding of `Int` ends the process on valid numbers that it
/// holds for malformed, as 0.000...9007199254740993e129 with 112 zeros: its `Decimal` has no such exponent.
struct JSONInteger: Decodable {
  let value: Int

  /// Throws `DecodingError` unless the number is whole and, as a Double, exact: at most 2^53.
  init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let number = try container.decode(Double.self)
    guard let value = Int(exactly: number), value.magnitude <= 1 << 53 else {
      throw DecodingError.dataCorruptedError(
        in: container, debugDescription: "expected a whole number of at most 2^53, found \(number)")
    }
    self.value = value
  }
}
