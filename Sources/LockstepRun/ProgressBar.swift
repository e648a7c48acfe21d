/// A progress bar for one line of a terminal.
package enum ProgressBar {
  private static let width = 24
  /// A narrower bar says less than the text that it would displace.
  private static let leastWidth = 8

  /// A bar, `fraction` of it filled, and the text, cut to fewer than `columns`: a full line would wrap and could not be
  /// overwritten. The text has priority over the bar.
  package static func line(_ fraction: Double, _ text: String, columns: Int) -> String {
    let room = max(columns - 1, 0)
    let bar = min(width, room - text.columns - 1)
    guard bar >= leastWidth else { return text.cut(to: room) }
    let done = fraction.isFinite ? min(max(fraction, 0), 1) : 0
    let filled = Int((done * Double(bar)).rounded(.down))
    return String(repeating: "█", count: filled) + String(repeating: "░", count: bar - filled) + " " + text
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
