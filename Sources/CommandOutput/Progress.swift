import LockstepCore

/// Progress on standard error: a bar that rewrites its line on a terminal, plain lines otherwise.
package final class Progress {
  private let terminal = Terminal.ofStandardError()
  private let clock = ContinuousClock()
  private let start: ContinuousClock.Instant
  private var last: ContinuousClock.Instant
  private var barIsShown = false

  package init() {
    start = clock.now
    last = start
  }

  /// A line that stays.
  package func line(_ text: String) {
    writeError((barIsShown ? "\r\u{1B}[K" : "") + text + "\n")
    barIsShown = false
    last = clock.now
  }

  /// Shows that `fraction` of the work is done, where that is due. The text is evaluated only when it is shown.
  package func update(_ fraction: Double, _ text: () -> String) {
    guard isDue else { return }
    let text = text()
    show(text) { ProgressBar.line(fraction, text, columns: $0) }
  }

  /// The same with a title before the bar and details after it, the most important first.
  package func update(_ fraction: Double, _ parts: () -> (title: String, details: [String])) {
    guard isDue else { return }
    let (title, details) = parts()
    show(title + ", " + details.joined(separator: ", ")) {
      ProgressBar.line(fraction, title: title, details: details, columns: $0)
    }
  }

  private var isDue: Bool { clock.now - last >= pause }

  /// Ten times a second on a terminal. Elsewhere as a line every five seconds, later less often, so that the log of a
  /// day is no longer than a few hundred lines.
  package var pause: Duration {
    terminal == nil ? min(max((clock.now - start) / 20, .seconds(5)), .seconds(300)) : .milliseconds(100)
  }

  /// Whether there is no bar but lines.
  package var isPlain: Bool { terminal == nil }

  private func show(_ text: String, bar: (_ columns: Int) -> String) {
    last = clock.now
    guard let terminal else { return writeError(text + "\n") }
    // Overwritten before the rest is erased: an empty line would flicker.
    writeError("\r" + bar(terminal.columns) + "\u{1B}[K")
    barIsShown = true
  }

  /// Removes the bar.
  package func finish() {
    if barIsShown { writeError("\r\u{1B}[K") }
    barIsShown = false
  }
}
