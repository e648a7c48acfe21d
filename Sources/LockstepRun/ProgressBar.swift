/// What a terminal's line shows of work that goes on.
package enum ProgressBar {
  private static let width = 24
  /// A narrower bar tells less than the text that it takes room from.
  private static let leastWidth = 8

  /// A bar, `fraction` of it filled, and the text, cut to less than `columns`: a full line would wrap, and the next one
  /// not overwrite it. The bar gives way to the text.
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
  /// Columns of a terminal that it takes.
  package var columns: Int { reduce(0) { $0 + $1.columns } }

  /// As many of the first characters as have room.
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
  /// Wide by Unicode's East Asian Width, as terminals have it, or without a width.
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
