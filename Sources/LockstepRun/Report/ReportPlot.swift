import LockstepSupport

/// Lines over a common axis in a report: drawn as SVG, readable by pointer and arrow keys, and as a table.
package struct ReportPlot {
  /// How values are written.
  package enum Unit: String { case number, percent, rate }

  private let title: String
  /// What x counts: "epoch".
  private let axis: String
  private let unit: Unit
  private let lines: [LinePlot.Line]
  private let mayBeLogarithmic: Bool

  package init(
    title: String, axis: String, unit: Unit, lines: [LinePlot.Line], mayBeLogarithmic: Bool = false
  ) {
    (self.title, self.axis, self.unit, self.lines) = (title, axis, unit, lines)
    self.mayBeLogarithmic = mayBeLogarithmic
  }

  /// The name of a line of steps among those of epochs.
  static let batches = "single batches"
  /// More points than these of a line are thinned out.
  private static let mostPoints = 600
  private static let mostRows = 200
  /// The colours that the page has.
  private static let colours = 8

  /// Adds the plot, if a line has a point.
  package func add(to html: inout HTML) {
    let drawn = lines.map { line in
      LinePlot.Line(
        name: line.name, points: Self.thinned(line.points.filter { $0.x.isFinite && $0.y.isFinite }))
    }
    let points = drawn.flatMap(\.points)
    guard !points.isEmpty else { return }
    let x = PlotScale(points.map(\.x))
    let y = PlotScale(points.map(\.y), mayBeLogarithmic: mayBeLogarithmic)
    let label = "\(title) by \(axis). Arrow keys go through the values."
    html.element("figure", ["class": "plot", "tabindex": "0", "role": "group", "aria-label": label]) { html in
      html.element("figcaption") { html in
        html.element("h3", [:], title + (y.isLogarithmic ? " (logarithmic)" : ""))
        html.element("ul", ["class": "legend"]) { html in
          for (number, line) in drawn.enumerated() where !line.points.isEmpty {
            html.element("li", ["class": Self.colour(number)], line.name)
          }
        }
      }
      frame(drawn, x, y, &html)
      table(drawn, &html)
      html.raw("<script type=\"application/json\">\(json(drawn, x, y))</script>")
    }
  }

  private func frame(_ lines: [LinePlot.Line], _ x: PlotScale, _ y: PlotScale, _ html: inout HTML) {
    html.element("div", ["class": "frame"]) { html in
      html.element(
        "svg", ["viewBox": "0 0 1000 1000", "preserveAspectRatio": "none", "aria-hidden": "true"]
      ) { html in
        for tick in y.ticks {
          let height = fixed(1000 * (1 - y.place(tick)), 1)
          html.void("path", ["class": "grid", "d": "M0 \(height)H1000"])
        }
        for (number, line) in lines.enumerated() where !line.points.isEmpty {
          let path = line.points.map {
            "\(fixed(1000 * x.place($0.x), 1)) \(fixed(1000 * (1 - y.place($0.y)), 1))"
          }
          // A single point is a short line, which round ends make a dot.
          let end = path.count == 1 ? "h0.1" : ""
          let kind = Self.colour(number) + (line.name == Self.batches ? " thin" : "")
          html.void("path", ["class": kind, "d": "M" + path.joined(separator: "L") + end])
        }
      }
      for tick in y.ticks {
        html.element("span", ["class": "y", "style": Self.style("bottom", y.place(tick))], text(tick))
      }
      for tick in x.ticks where tick == tick.rounded() {
        html.element("span", ["class": "x", "style": Self.style("left", x.place(tick))], fixed(tick, 0))
      }
      html.element("span", ["class": "axis"], axis)
      html.element("div", ["class": "cursor", "hidden": ""])
      html.element("div", ["class": "tip", "role": "status", "hidden": ""])
    }
  }

  /// A row for each x; left out of plots with thousands.
  private func table(_ lines: [LinePlot.Line], _ html: inout HTML) {
    // Beside epochs, single batches would be rows that are empty but for them.
    let all = lines.filter { !$0.points.isEmpty }
    let shown = all.count > 1 ? all.filter { $0.name != Self.batches } : all
    let places = Set(shown.flatMap { $0.points.map(\.x) }).sorted()
    guard places.count <= Self.mostRows else { return }
    let values = shown.map { Dictionary($0.points.map { ($0.x, $0.y) }, uniquingKeysWith: { $1 }) }
    html.element("details") { html in
      html.element("summary", [:], "Values")
      html.table(
        caption: "\(title) by \(axis)", head: [axis] + shown.map(\.name),
        rows: places.map { place in
          [fixed(place, place == place.rounded() ? 0 : 2)] + values.map { $0[place].map(text) ?? "" }
        })
    }
  }

  /// The values as they are in the log, for the page's script.
  private func json(_ lines: [LinePlot.Line], _ x: PlotScale, _ y: PlotScale) -> String {
    let series = lines.enumerated().filter { !$1.points.isEmpty }.map { number, line in
      let points = line.points.map { "[\($0.x),\($0.y)]" }.joined(separator: ",")
      return
        "{\"name\":\(jsonString(line.name)),\"colour\":\"\(Self.colour(number))\",\"points\":[\(points)]}"
    }
    let scales = "\"x\":[\(x.low),\(x.high)],\"y\":[\(y.low),\(y.high)],\"logarithmic\":\(y.isLogarithmic)"
    let text =
      "{\"axis\":\(jsonString(axis)),\"unit\":\"\(unit.rawValue)\",\(scales),\"series\":["
      + series.joined(separator: ",") + "]}"
    return text.replacing("<", with: "\\u003c").replacing("&", with: "\\u0026")
  }

  private func text(_ value: Double) -> String {
    switch unit {
    case .percent: percent(value)
    case .number:
      value.magnitude >= 1000
        ? fixed(value, 0) : value.magnitude < 0.001 ? significant(value) : fixed(value, 4)
    case .rate: significant(value)
    }
  }

  private static func style(_ side: String, _ place: Double) -> String { "\(side):\(fixed(100 * place, 2))%" }

  /// The classes of a line; where the colours begin again, it is dashed.
  private static func colour(_ number: Int) -> String {
    "s\(number % colours)" + (number < colours ? "" : " dashed")
  }

  /// Every second, third ... point, and the last.
  private static func thinned(_ points: [LinePlot.Point]) -> [LinePlot.Point] {
    let step = (points.count + mostPoints - 1) / mostPoints
    guard step > 1 else { return points }
    return stride(from: 0, to: points.count - 1, by: step).map { points[$0] } + [points[points.count - 1]]
  }
}
