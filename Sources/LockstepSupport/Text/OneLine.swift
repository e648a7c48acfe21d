/// Without the line breaks that a directory's name may have.
public func oneLine(_ text: String) -> String {
  text.split(whereSeparator: \.isNewline).joined(separator: " ")
}
