/// What went wrong, told so that the reader can mend it: the file or flag, what was expected, what was found, and the
/// fix. The kind decides the exit status (ExitStatus.swift; docs/design.md, 3; the numbers are those of sysexits.h).
public struct LockstepError: Error, Equatable, Sendable, CustomStringConvertible {
  public var kind: Kind
  /// The file, flag, recipe key or phase that the error is about.
  public var subject: String
  public var expected: String?
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

  /// `subject: expected E, found F. Fix`, each of them fit for a terminal.
  public var description: String {
    var text = "\(printable(subject)): "
    if let expected { text += "expected \(printable(expected)), found " }
    text += printable(found)
    if let fix { text += ". \(printable(fix))" }
    return text
  }
}

/// The first 800 characters of a text that may quote a file, control characters but for line breaks and tabs written
/// out: they could make a terminal show something else.
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
