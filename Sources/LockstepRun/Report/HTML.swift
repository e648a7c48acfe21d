/// Text of HTML that is also well-formed XML: names, values and texts from elsewhere are escaped.
package struct HTML {
  package private(set) var text = ""

  package init() {}

  /// Adds an element with a content of elements.
  mutating func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: (inout HTML) -> Void
  ) {
    open(name, attributes)
    content(&self)
    text += "</\(name)>"
  }

  /// Adds an element with a text.
  mutating func element(
    _ name: String, _ attributes: KeyValuePairs<String, String> = [:], _ content: String = ""
  ) {
    open(name, attributes)
    text += Self.escaped(content) + "</\(name)>"
  }

  /// Adds an element that has no content.
  mutating func void(_ name: String, _ attributes: KeyValuePairs<String, String>) {
    open(name, attributes)
    text.removeLast()
    text += " />"
  }

  /// Adds text that is HTML.
  mutating func raw(_ html: String) { text += html }

  /// A table: a row of column heads, then rows whose first cell is a head too.
  mutating func table(
    _ attributes: KeyValuePairs<String, String> = [:], caption: String, head: [String], rows: [[String]]
  ) {
    // Wide ones scroll by themselves, also by keyboard.
    element("div", ["class": "scroll", "tabindex": "0", "role": "region", "aria-label": caption]) { html in
      html.element("table", attributes) { html in
        html.element("caption", [:], caption)
        html.element("thead") { html in
          html.element("tr") { html in for cell in head { html.element("th", ["scope": "col"], cell) } }
        }
        html.element("tbody") { html in
          for row in rows {
            html.element("tr") { html in
              for (number, cell) in row.enumerated() {
                if number == 0 {
                  html.element("th", ["scope": "row"], cell)
                } else {
                  html.element("td", [:], cell)
                }
              }
            }
          }
        }
      }
    }
  }

  private mutating func open(_ name: String, _ attributes: KeyValuePairs<String, String>) {
    text += "<\(name)" + attributes.map { " \($0)=\"\(Self.escaped($1))\"" }.joined() + ">"
  }

  /// Control characters, which XML cannot have, become U+FFFD.
  static func escaped(_ text: String) -> String {
    var result = ""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "\n", "\t": result.unicodeScalars.append(scalar)
      case _ where scalar.value < 0x20 || 0x7F...0x9F ~= scalar.value || 0xFFFE...0xFFFF ~= scalar.value:
        result += "\u{FFFD}"
      default: result.unicodeScalars.append(scalar)
      }
    }
    return result
  }
}
