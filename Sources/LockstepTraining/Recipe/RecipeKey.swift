import LockstepSupport

/// One key of a recipe, which is also the flag `--name`: its text form, limits, help and schema.
public struct RecipeKey: Sendable {
  /// The values that a key takes, as in a JSON schema.
  package enum Values: Sendable {
    case choice([String])
    case integer(ClosedRange<Int>)
    /// An integer, or none.
    case optional(ClosedRange<Int>)
    case number(ClosedRange<Double>)
    case flag
    /// A list, or a text with commas.
    case list
    case text
  }

  /// The key in files, and the flag without its dashes.
  public let name: String
  /// Its description in `--help`.
  public let help: String
  /// The default for `--help`, if it depends on other keys.
  package let defaultText: String?
  package let values: Values
  /// The expected value, for messages.
  let expected: String
  package let read: @Sendable (Recipe) -> String
  /// Returns false if the text is no value of this key, or throws a `LockstepError` that says more.
  let write: @Sendable (inout Recipe, String) throws -> Bool

  /// `defaultText` if the default depends on other keys.
  init(
    _ name: String, _ help: String, default defaultText: String? = nil, _ values: Values = .text,
    expected: String, read: @escaping @Sendable (Recipe) -> String,
    write: @escaping @Sendable (inout Recipe, String) throws -> Bool
  ) {
    (self.name, self.help, self.defaultText) = (name, help, defaultText)
    (self.values, self.expected, self.read, self.write) = (values, expected, read, write)
  }

  /// The default for `--help`; nil for none.
  public var defaultValue: String? {
    if let defaultText { return defaultText }
    let text = read(Recipe())
    return ["", "none", "false"].contains(text) && name != "normalize" ? nil : text
  }

  /// Whether the flag may be given without a value, for true.
  public var isFlag: Bool { if case .flag = values { true } else { false } }

  /// Throws if the recipe's value could not be read back from its text, so that flags, files and properties have the
  /// same limits.
  func check(_ recipe: Recipe) throws {
    var copy = recipe
    let text = read(recipe)
    guard try write(&copy, text) else {
      throw LockstepError(.usage, name, expected: expected, found: "'\(text)'")
    }
  }
}

extension RecipeKey {
  static func choice<T: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ path: WritableKeyPath<Recipe, T> & Sendable, _ help: String
  ) -> RecipeKey where T.RawValue == String {
    let names = T.allCases.map(\.rawValue)
    return value(
      name, path, help, .choice(names), expected: "one of " + names.joined(separator: ", "),
      read: \.rawValue, parse: T.init(rawValue:))
  }

  static func integer(
    _ name: String, _ path: WritableKeyPath<Recipe, Int> & Sendable, _ range: ClosedRange<Int>, _ help: String
  ) -> RecipeKey {
    value(
      name, path, help, .integer(range),
      expected: "a whole number from \(range.lowerBound) to \(range.upperBound)", read: { String($0) },
      parse: { Int($0).flatMap { range.contains($0) ? $0 : nil } })
  }

  static func optional(
    _ name: String, _ path: WritableKeyPath<Recipe, Int?> & Sendable, _ range: ClosedRange<Int>,
    _ help: String
  ) -> RecipeKey {
    value(
      name, path, help, .optional(range), expected: "a whole number from \(range.lowerBound), or none",
      read: { $0.map { String($0) } ?? "none" },
      parse: { text in
        text == "none" ? .some(nil) : Int(text).flatMap { range.contains($0) ? .some($0) : nil }
      })
  }

  static func flag(_ name: String, _ path: WritableKeyPath<Recipe, Bool> & Sendable, _ help: String)
    -> RecipeKey
  {
    value(name, path, help, .flag, expected: "true or false", read: { String($0) }, parse: { Bool($0) })
  }

  static func number(
    _ name: String, _ path: WritableKeyPath<Recipe, Double> & Sendable, _ range: ClosedRange<Double>,
    _ help: String, default defaultText: String? = nil, expected: String? = nil
  ) -> RecipeKey {
    value(
      name, path, help, default: defaultText, .number(range),
      expected: expected ?? "a number from \(range.lowerBound) to \(range.upperBound)", read: { "\($0)" },
      parse: { Double($0).flatMap { range.contains($0) ? $0 : nil } })
  }

  /// A comma-separated list.
  static func listOf<T: Sendable>(
    _ name: String, _ path: WritableKeyPath<Recipe, [T]> & Sendable, _ help: String,
    default defaultText: String? = nil, expected: String,
    write: @escaping @Sendable (T) -> String = { "\($0)" },
    element: @escaping @Sendable (String) -> T?
  ) -> RecipeKey {
    value(
      name, path, help, default: defaultText, .list, expected: expected,
      read: { $0.map(write).joined(separator: ",") }, parse: { list($0, element) })
  }

  static func value<T>(
    _ name: String, _ path: WritableKeyPath<Recipe, T> & Sendable, _ help: String,
    default defaultText: String? = nil, _ values: Values = .text, expected: String,
    read: @escaping @Sendable (T) -> String, parse: @escaping @Sendable (String) throws -> T?
  ) -> RecipeKey {
    RecipeKey(
      name, help, default: defaultText, values, expected: expected, read: { read($0[keyPath: path]) },
      write: { recipe, text in
        guard let value = try parse(text) else { return false }
        recipe[keyPath: path] = value
        return true
      })
  }
}
