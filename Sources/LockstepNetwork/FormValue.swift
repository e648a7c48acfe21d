/// The type of a word in a layer's text.
package struct FormValue<Value: Equatable & Sendable>: Sendable {
  /// "N", for messages.
  let name: String
  /// "a whole number from 1 to 1000000".
  let meaning: String
  /// nil if the word is no such value.
  let read: @Sendable (String) -> Value?
  let write: @Sendable (Value) -> String
}

extension FormValue<Int> {
  /// "10": up to a million.
  static func count(_ name: String, from least: Int = 1) -> Self {
    Self(
      name: name, meaning: "a whole number from \(least) to 1000000",
      read: { Int($0).flatMap { least...1_000_000 ~= $0 ? $0 : nil } }, write: { "\($0)" })
  }

  /// "5x5" for 5.
  static func square(_ name: String) -> Self {
    Self(
      name: "\(name)x\(name)", meaning: "a square such as 3x3, up to 1000x1000",
      read: {
        let sides = $0.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
        guard sides.count == 2, let side = sides[0], side == sides[1], 1...1000 ~= side else { return nil }
        return side
      }, write: { "\($0)x\($0)" })
  }
}

extension FormValue<Int?> {
  /// "10", or "classes" for nil.
  static func countOrClasses(_ name: String) -> Self {
    let count = FormValue<Int>.count(name)
    return Self(
      name: "\(name)|classes", meaning: "\(count.meaning), or 'classes'",
      read: { $0 == "classes" ? .some(nil) : count.read($0).map { $0 } },
      write: { $0.map(count.write) ?? "classes" })
  }
}

extension FormValue<Double> {
  /// "0.25".
  static func fraction(_ name: String) -> Self {
    Self(
      name: name, meaning: "a number from 0 to 1",
      read: { Double($0).flatMap { 0...1 ~= $0 ? $0 : nil } }, write: { "\($0)" })
  }

  /// "1e-05".
  static func positive(_ name: String) -> Self {
    Self(
      name: name, meaning: "a number above 0, up to 1",
      read: { Double($0).flatMap { 0...1 ~= $0 && Float($0) > 0 ? $0 : nil } }, write: { "\($0)" })
  }

  /// "0.5". Checked as Float, which layers use: 0.99999999 is 1 there.
  static func probability(_ name: String) -> Self {
    Self(
      name: name, meaning: "a number from 0 to below 1",
      read: { Double($0).flatMap { 0..<1 ~= Float($0) ? $0 : nil } }, write: { "\($0)" })
  }
}
