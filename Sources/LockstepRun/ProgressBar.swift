/// A progress bar for one line of a terminal.
package enum ProgressBar {
  private static let width = 24
  /// A narrower bar says less than the text that it would displace.
  private static let leastWidth = 8

  /// A bar, `fraction` of it filled, and the text, cut to fewer than `columns`: a full line would wrap and could not be
  /// overwritten. The text has priority over the bar.
  package static func line(_ fraction: Double, _ text: String, columns: Int) -> String {
    let room = max(columns - 1, 0)
    guard let bar = bar(fraction, columns: room - text.columns - 1) else { return text.cut(to: room) }
    return bar + " " + text
  }

  /// The same with a title before the bar and details after it, the most important first: all but the first two only
  /// where a bar is left.
  package static func line(_ fraction: Double, title: String, details: [String], columns: Int) -> String {
    let room = max(columns - 1, 0)
    var text = details.prefix(2).joined(separator: ", ")
    for detail in details.dropFirst(2) {
      let longer = text + ", " + detail
      if room - title.columns - longer.columns - 2 >= leastWidth { text = longer }
    }
    let bar = bar(fraction, columns: room - title.columns - text.columns - 2)
    return ([title] + [bar].compactMap { $0 } + [text]).joined(separator: " ").cut(to: room)
  }

  /// nil where it would be too narrow.
  private static func bar(_ fraction: Double, columns: Int) -> String? {
    let bar = min(width, columns)
    guard bar >= leastWidth else { return nil }
    let done = fraction.isFinite ? min(max(fraction, 0), 1) : 0
    let filled = Int((done * Double(bar)).rounded(.down))
    return String(repeating: "█", count: filled) + String(repeating: "░", count: bar - filled)
  }
}

extension String {
  /// The columns that it takes on a terminal.
  package var columns: Int { reduce(0) { $0 + $1.columns } }

  /// The first characters that fit into `room` columns.
  package func cut(to room: Int) -> String {
    var left = room
    return String(
      prefix {
        left -= $0.columns
        return left >= 0
      })
  }
}

extension Character {
  fileprivate var columns: Int { unicodeScalars.reduce(0) { Swift.max($0, $1.columns) } }
}

extension Unicode.Scalar {
  /// 2 for wide characters (Unicode's East Asian Width), 0 for those without a width, else 1.
  fileprivate var columns: Int {
    switch properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format, .control: return 0
    default: break
    }
    let wide: [ClosedRange<UInt32>] = [
      0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x1F300...0x1F64F, 0x1F680...0x1F9FF, 0x20000...0x3FFFD,
    ]
    return wide.contains { $0 ~= value } ? 2 : 1
  }
}
