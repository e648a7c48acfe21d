/// One part of a layer's text: its words, and the value of the form that they set.
package struct FormPart<Form: Sendable>: Sendable {
  /// "N" or "[stride S]", for messages.
  let placeholder: String
  /// "N" or "S", and what it may be.
  let name: String, meaning: String
  /// Removes its words from the front; returns false if the next word does not fit.
  let read: @Sendable (_ words: inout ArraySlice<String>, _ form: inout Form) -> Bool
  /// Its words; none if the value is the default.
  let write: @Sendable (Form) -> [String]
}

extension FormPart {
  /// A word that must be there.
  static func required<T>(
    _ value: FormValue<T>, _ path: WritableKeyPath<Form, T> & Sendable
  ) -> FormPart {
    FormPart(
      placeholder: value.name, name: value.name, meaning: value.meaning,
      read: { take(value, path, &$0, &$1) }, write: { [value.write($0[keyPath: path])] })
  }

  /// "stride 2", or nothing for the default, which may depend on the parts before it.
  static func optional<T>(
    _ keyword: String, _ value: FormValue<T>, _ path: WritableKeyPath<Form, T> & Sendable,
    default standard: @escaping @Sendable (Form) -> T
  ) -> FormPart {
    FormPart(
      placeholder: "[\(keyword) \(value.name)]", name: value.name, meaning: value.meaning,
      read: { words, form in
        form[keyPath: path] = standard(form)
        guard words.first == keyword else { return true }
        words.removeFirst()
        return take(value, path, &words, &form)
      },
      write: { $0[keyPath: path] == standard($0) ? [] : [keyword, value.write($0[keyPath: path])] })
  }

  /// A word or nothing, where nothing else can follow.
  static func optional<T>(
    _ value: FormValue<T>, _ path: WritableKeyPath<Form, T> & Sendable, default standard: T
  ) -> FormPart {
    FormPart(
      placeholder: "[\(value.name)]", name: value.name, meaning: value.meaning,
      read: { words, form in
        form[keyPath: path] = standard
        return words.isEmpty || take(value, path, &words, &form)
      },
      write: { $0[keyPath: path] == standard ? [] : [value.write($0[keyPath: path])] })
  }

  private static func take<T>(
    _ value: FormValue<T>, _ path: WritableKeyPath<Form, T>, _ words: inout ArraySlice<String>,
    _ form: inout Form
  ) -> Bool {
    guard let found = words.first.flatMap(value.read) else { return false }
    form[keyPath: path] = found
    words.removeFirst()
    return true
  }
}
