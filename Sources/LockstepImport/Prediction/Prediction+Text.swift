import LockstepRun
import LockstepSupport

extension Prediction {
  /// The classes that are shown at most.
  private static let mostClasses = 10
  /// Columns of a bar for a probability of 1.
  private static let barWidth = 24
  /// Columns of a picture at most.
  private static let mostColumns = 32

  /// The picture with half blocks, the probabilities as bars beside it, and the answer above. `colours` is for
  /// terminals.
  public func text(names: [String], colours: Bool) -> String {
    let drawing = picture.map { Self.drawing($0, colours: colours) } ?? []
    let width = picture.map { min($0.width, Self.mostColumns) } ?? 0
    let bars = values == nil ? bars(names) : []
    let lines = (0..<max(drawing.count, bars.count)).map { row -> String in
      let left = row < drawing.count ? drawing[row] : String(repeating: " ", count: width)
      let right = row < bars.count ? bars[row] : ""
      guard !left.isEmpty, !right.isEmpty else { return left + right }
      return left + "  " + right
    }
    return ([answer(names)] + lines).map { $0 + "\n" }.joined()
  }

  /// "three.png: 3, 99.87%", and the label where it is known.
  private func answer(_ names: [String]) -> String {
    if let (found, targets) = values {
      let known = targets.map { ", should be \(Self.text($0))" } ?? ""
      return "\(oneLine(input)): \(Self.text(found))\(known)"
    }
    let known =
      label.map {
        $0 == predicted ? ", as labelled" : ", labelled \(oneLine(names.indices ~= $0 ? names[$0] : "\($0)"))"
      } ?? ""
    return "\(oneLine(input)): \(oneLine(names[predicted])), \(percent(probabilities[predicted]))\(known)"
  }

  private static func text(_ values: [Double]) -> String {
    values.prefix(mostClasses).map { significant($0, 5) }.joined(separator: ", ")
      + (values.count > mostClasses ? ", ..." : "")
  }

  /// All classes in their order, or of many the likeliest.
  private func bars(_ names: [String]) -> [String] {
    let all = Array(probabilities.indices)
    let shown =
      all.count <= Self.mostClasses
      ? all : Array(all.sorted { (probabilities[$1], $0) < (probabilities[$0], $1) }.prefix(Self.mostClasses))
    let titles = shown.map { oneLine(names[$0]).cut(to: 20) }
    let width = titles.map(\.columns).max() ?? 0
    return zip(shown, titles).map { place, title in
      let eighths = Int((probabilities[place] * Double(8 * Self.barWidth)).rounded())
      let bar =
        String(repeating: "█", count: eighths / 8)
        + (eighths % 8 > 0 ? ["▏", "▎", "▍", "▌", "▋", "▊", "▉"][eighths % 8 - 1] : "")
      let space = String(repeating: " ", count: Self.barWidth + 1 - bar.count)
      return String(repeating: " ", count: width - title.columns) + title + " " + bar + space
        + percent(probabilities[place])
    }
  }

  /// Two rows of pixels a line.
  private static func drawing(_ picture: Picture, colours: Bool) -> [String] {
    let width = min(picture.width, mostColumns)
    let small =
      width == picture.width
      ? picture : picture.scaled(width: width, height: max(1, picture.height * width / picture.width))
    return stride(from: 0, to: small.height, by: 2).map { y in
      let cells = (0..<width).map { x in
        let (upper, lower) = (small.colour(x, y), small.colour(x, y + 1))
        guard !colours else { return "\u{1B}[38;\(upper.code);48;\(lower.code)m▀" }
        return switch (upper.isBright, lower.isBright) {
        case (true, true): "█"
        case (true, false): "▀"
        case (false, true): "▄"
        case (false, false): " "
        }
      }
      return cells.joined() + (colours ? "\u{1B}[0m" : "")
    }
  }
}

extension Picture {
  /// A pixel's red, green and blue; black below the last row.
  fileprivate func colour(_ x: Int, _ y: Int) -> Colour {
    guard y < height else { return Colour(channels: [0]) }
    let start = (y * width + x) * channels
    return Colour(channels: Array(pixels[start..<start + channels]))
  }

  fileprivate struct Colour {
    let channels: [UInt8]

    /// For a terminal's escape sequence: one of 24 shades of grey, or 24 bits.
    var code: String {
      channels.count == 1
        ? "5;\(232 + Int(channels[0]) * 23 / 255)" : "2;" + channels.map(String.init).joined(separator: ";")
    }

    var isBright: Bool { channels.reduce(0) { $0 + Int($1) } > 96 * channels.count }
  }
}
