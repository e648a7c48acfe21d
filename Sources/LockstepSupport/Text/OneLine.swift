/// The text on one line: names of directories may contain line breaks.
package func oneLine(_ text: String) -> String {
  text.split(whereSeparator: \.isNewline).joined(separator: " ")
}
