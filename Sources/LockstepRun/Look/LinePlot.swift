import LockstepSupport

/// Lines over a common axis, drawn with characters: each holds two by two dots.
package struct LinePlot {
  /// A line through points, in the order of x.
  package struct Line: Equatable {
    package var name: String
    package var points: [Point]

    package init(name: String, points: [Point]) { (self.name, self.points) = (name, points) }
  }

  package struct Point: Equatable {
    package var x: Double
    package var y: Double

    package init(x: Double, y: Double) { (self.x, self.y) = (x, y) }
  }

  /// Above the plot.
  package var title: String
  /// What x counts: "epoch".
  package var axis: String
  package var lines: [Line]
  /// Writes a value of y.
  package var format: (Double) -> String
  /// Rows of characters.
  package var height = 8

  package init(title: String, axis: String, lines: [Line], format: @escaping (Double) -> String) {
    (self.title, self.axis, self.lines, self.format) = (title, axis, lines, format)
  }

  /// The plot in at most `columns` columns, a row an element. Names stand where their lines end; `colours` is for
  /// terminals. Empty without two points of a line that are finite.
  package func rows(columns: Int, colours: Bool) -> [String] {
    let lines = lines.map { Line(name: $0.name, points: $0.points.filter { $0.x.isFinite && $0.y.isFinite }) }
    let points = lines.flatMap(\.points)
    guard lines.contains(where: { $0.points.count > 1 }) else { return [] }
    let (left, right) = (points.map(\.x).min()!, points.map(\.x).max()!)
    let (low, high) = (points.map(\.y).min()!, points.map(\.y).max()!)
    let (top, bottom) = (format(high), format(low))
    let margin = max(top.columns, bottom.columns) + 1
    let longest = min(lines.map(\.name.columns).max()!, columns / 4)
    let width = max(columns - margin - longest - 2, 8)
    var canvas = DotCanvas(columns: width, rows: height)
    for (number, line) in lines.enumerated() {
      canvas.draw(
        line.points.map { point in
          (
            DotCanvas.place(point.x, in: left...right, of: 2 * width),
            2 * height - 1 - DotCanvas.place(point.y, in: low...high, of: 2 * height)
          )
        }, colour: number)
    }
    let names = names(lines.map(\.points.last), low...high)
    let body = (0..<height).map { row in
      let value = row == 0 ? top : row == height - 1 ? bottom : ""
      let name = names[row].map { " " + paint($0.name.cut(to: longest), $0.number, colours) } ?? ""
      let dots = canvas.row(row) { paint($0, $1, colours) }
      return String(repeating: " ", count: margin - 1 - value.columns) + value
        + (value.isEmpty ? " │" : " ┤") + dots + name
    }
    return [title] + body + axisRows(margin: margin, width: width, left, right)
  }

  /// By row, whose name stands there: that in which the line ends, or the nearest free one.
  private func names(_ ends: [Point?], _ range: ClosedRange<Double>) -> [(name: String, number: Int)?] {
    var rows = [(name: String, number: Int)?](repeating: nil, count: height)
    for (number, end) in ends.enumerated() {
      guard let end else { continue }
      let wanted = height - 1 - DotCanvas.place(end.y, in: range, of: height)
      let free = rows.indices.filter { rows[$0] == nil }.min { abs($0 - wanted) < abs($1 - wanted) }
      if let free { rows[free] = (lines[number].name, number) }
    }
    return rows
  }

  private func axisRows(margin: Int, width: Int, _ left: Double, _ right: Double) -> [String] {
    let (first, last) = ("\(axis) \(fixed(left, 0))", fixed(right, 0))
    let gap = max(width - first.columns - last.columns, 1)
    let indent = String(repeating: " ", count: margin)
    return [
      indent + "└" + String(repeating: "─", count: width),
      indent + " " + first + String(repeating: " ", count: gap) + last,
    ]
  }

  /// ANSI's foreground colours that can be read on light and dark: cyan, magenta, yellow, green, blue, red.
  private func paint(_ text: String, _ number: Int, _ colours: Bool) -> String {
    colours && !text.isEmpty ? "\u{1B}[3\([6, 5, 3, 2, 4, 1][number % 6])m\(text)\u{1B}[0m" : text
  }
}
