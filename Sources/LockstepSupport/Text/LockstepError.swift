/// What went wrong, in a form that helps to fix it: the file or flag, what was expected, what was found, and the fix.
/// The kind decides the exit status (ExitStatus.swift; docs/design.md, 3; the numbers are those of sysexits.h).
public struct LockstepError: Error, Equatable, Sendable, CustomStringConvertible {
  /// Decides the exit status.
  public var kind: Kind
  /// The file, flag, recipe key or phase that the error is about.
  public var subject: String
  /// What was expected; nil if `found` says it all.
  public var expected: String?
  /// What was found instead.
  public var found: String
  /// What the user can do about it.
  public var fix: String?

  public init(
    _ kind: Kind, _ subject: String, expected: String? = nil, found: String, fix: String? = nil
  ) {
    self.kind = kind
    self.subject = subject
    self.expected = expected
    self.found = found
    self.fix = fix
  }

  /// `subject: expected E, found F. Fix`, with control characters escaped.
  public var description: String {
    var text = "\(printable(subject)): "
    if let expected { text += "expected \(printable(expected)), found " }
    text += printable(found)
    if let fix { text += ". \(printable(fix))" }
    return text
  }
}

/// At most 800 characters of a text that may quote a file. Control characters other than line breaks and tabs are
/// escaped, because they could make a terminal show something else.
private func printable(_ text: String) -> String {
  var result = ""
  for scalar in text.unicodeScalars.prefix(800) {
    if scalar.properties.generalCategory == .control, scalar != "\n", scalar != "\t" {
      result += scalar.escaped(asASCII: true)
    } else {
      result.unicodeScalars.append(scalar)
    }
  }
  return text.unicodeScalars.count > 800 ? result + "..." : result
}
