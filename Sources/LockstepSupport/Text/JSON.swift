/// A JSON object on one line, its keys in the order given.
package struct JSONLine {
  private var members: [String] = []

  package init() {}

  package mutating func add(_ key: String, _ value: String) {
    members.append("\(jsonString(key)):\(jsonString(value))")
  }
  package mutating func add(_ key: String, _ value: Int) { members.append("\(jsonString(key)):\(value)") }

  /// JSON has no NaN and no infinity: they become null.
  package mutating func add(_ key: String, _ value: Double) {
    members.append("\(jsonString(key)):\(value.isFinite ? "\(value)" : "null")")
  }

  /// With as many digits as tell a Float from its neighbours; must be finite.
  package mutating func add(_ key: String, _ value: Float) { members.append("\(jsonString(key)):\(value)") }

  /// nil becomes null.
  package mutating func add(_ key: String, _ value: Double?) { add(key, value ?? .nan) }
  package mutating func add(_ key: String, _ value: JSONLine) {
    members.append("\(jsonString(key)):\(value.text)")
  }
  package mutating func add(_ key: String, _ values: [JSONLine]) {
    members.append("\(jsonString(key)):[\(values.map(\.text).joined(separator: ","))]")
  }
  package mutating func add(_ key: String, _ values: [String]) {
    members.append("\(jsonString(key)):[\(values.map(jsonString).joined(separator: ","))]")
  }
  /// Numbers, of which those that are not finite become null.
  package mutating func add(_ key: String, _ values: [Double]) {
    let texts = values.map { $0.isFinite ? "\($0)" : "null" }
    members.append("\(jsonString(key)):[\(texts.joined(separator: ","))]")
  }
  /// An array of arrays.
  package mutating func add(_ key: String, _ rows: [[Int]]) {
    let texts = rows.map { "[\($0.map(String.init).joined(separator: ","))]" }
    members.append("\(jsonString(key)):[\(texts.joined(separator: ","))]")
  }

  package var text: String { "{\(members.joined(separator: ","))}" }
}

/// A string literal of JSON (RFC 8259, section 7).
package func jsonString(_ text: String) -> String {
  var literal = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": literal += "\\\""
    case "\\": literal += "\\\\"
    case "\n": literal += "\\n"
    case _ where scalar.value < 0x20:
      let digits = String(scalar.value, radix: 16)
      literal += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
    default: literal.unicodeScalars.append(scalar)
    }
  }
  return literal + "\""
}
