/// One part of how a layer is written: the words that say it, and which of the form's values they set.
package struct FormPart<Form: Sendable>: Sendable {
  /// "N" or "[stride S]", for messages.
  let placeholder: String
  /// Takes its words off the front; returns false at a word that is something else.
  let read: @Sendable (_ words: inout ArraySlice<String>, _ form: inout Form) -> Bool
  /// Its words; none where the value is the default.
  let write: @Sendable (Form) -> [String]
}

extension FormPart {
  /// One word that must be there, as `value` understands it.
  private static func word<T>(
    _ placeholder: String, _ path: WritableKeyPath<Form, T> & Sendable,
    _ value: @escaping @Sendable (String) -> T?, _ text: @escaping @Sendable (T) -> String
  ) -> FormPart {
    FormPart(
      placeholder: placeholder,
      read: { words, form in
        guard let found = words.first.flatMap(value) else { return false }
        form[keyPath: path] = found
        words.removeFirst()
        return true
      },
      write: { [text($0[keyPath: path])] })
  }

  /// "10": a whole number from 1 to a million.
  static func count(_ placeholder: String, _ path: WritableKeyPath<Form, Int> & Sendable) -> FormPart {
    word(placeholder, path, { wholeNumber($0) }, { "\($0)" })
  }

  /// The same, or "classes" for nil.
  static func countOrClasses(_ placeholder: String, _ path: WritableKeyPath<Form, Int?> & Sendable)
    -> FormPart
  {
    word("\(placeholder)|classes", path, { $0 == "classes" ? .some(nil) : wholeNumber($0).map { $0 } }) {
      $0.map { "\($0)" } ?? "classes"
    }
  }

  /// "5x5" for 5, up to 1000.
  static func square(_ placeholder: String, _ path: WritableKeyPath<Form, Int> & Sendable) -> FormPart {
    word("\(placeholder)x\(placeholder)", path, { side($0) }, { "\($0)x\($0)" })
  }

  /// "0.5": a number from 0 to below 1 as Float, as layers take it: 0.99999999 is 1 there.
  static func probability(_ placeholder: String, _ path: WritableKeyPath<Form, Double> & Sendable) -> FormPart
  {
    word(placeholder, path, { Double($0).flatMap { 0..<1 ~= Float($0) ? $0 : nil } }, { "\($0)" })
  }

  /// "stride 2", or nothing for the default.
  static func option(
    _ keyword: String, _ placeholder: String, _ path: WritableKeyPath<Form, Int> & Sendable, least: Int = 1,
    default value: @escaping @Sendable (Form) -> Int
  ) -> FormPart {
    FormPart(
      placeholder: "[\(keyword) \(placeholder)]",
      read: { words, form in
        form[keyPath: path] = value(form)
        guard words.first == keyword else { return true }
        guard let found = words.dropFirst().first.flatMap({ wholeNumber($0, least: least) }) else {
          return false
        }
        form[keyPath: path] = found
        words.removeFirst(2)
        return true
      },
      write: { $0[keyPath: path] == value($0) ? [] : [keyword, "\($0[keyPath: path])"] })
  }

  private static func wholeNumber(_ text: String, least: Int = 1) -> Int? {
    Int(text).flatMap { least...1_000_000 ~= $0 ? $0 : nil }
  }

  private static func side(_ text: String) -> Int? {
    let sides = text.split(separator: "x", omittingEmptySubsequences: false).map { Int($0) }
    guard sides.count == 2, let side = sides[0], side == sides[1], 1...1000 ~= side else { return nil }
    return side
  }
}
