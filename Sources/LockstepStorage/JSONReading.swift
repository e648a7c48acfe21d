#if canImport(FoundationEssentials)
  import FoundationEssentials
#else
  import Foundation
#endif

/// Decodes JSON from outside. Throws `DecodingError`, also for what Foundation's decoder ends the process on: data that
/// ends where one array too many (the 513th) has begun.
func decodeJSON<T: Decodable>(_ type: T.Type, from bytes: some Collection<UInt8>) throws -> T {
  guard JSONShape(bytes).depth <= deepestJSON else {
    throw DecodingError.dataCorrupted(
      .init(codingPath: [], debugDescription: "more than \(deepestJSON) arrays or objects in each other"))
  }
  return try JSONDecoder().decode(type, from: Data(bytes))
}

/// What is read here has three.
private let deepestJSON = 32

/// What valid JSON is made of, by one pass over its bytes.
struct JSONShape {
  /// The most arrays and objects in each other.
  private(set) var depth = 0
  /// The members of all objects: the colons outside strings.
  private(set) var memberCount = 0
  /// The length of the longest member's name as it is written, in bytes.
  private(set) var longestName = 0

  init(_ json: some Sequence<UInt8>) {
    var (open, stringLength, isInString, isEscaped) = (0, 0, false, false)
    for byte in json {
      if isInString { stringLength += 1 }
      if isEscaped {
        isEscaped = false
      } else if byte == UInt8(ascii: "\"") {
        if !isInString { stringLength = 0 }
        isInString.toggle()
      } else if isInString {
        isEscaped = byte == UInt8(ascii: "\\")
      } else if byte == UInt8(ascii: ":") {
        memberCount += 1
        longestName = max(longestName, stringLength)
      } else if byte == UInt8(ascii: "[") || byte == UInt8(ascii: "{") {
        open += 1
        depth = max(depth, open)
      } else if byte == UInt8(ascii: "]") || byte == UInt8(ascii: "}") {
        open -= 1
      }
    }
  }
}

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
