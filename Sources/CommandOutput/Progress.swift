import LockstepCore

/// Progress on standard error: a bar that rewrites its line on a terminal, plain lines otherwise.
package final class Progress {
  private let terminal = Terminal.ofStandardError()
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  private var barIsShown = false

  package init() { last = clock.now }

  /// A line that stays.
  package func line(_ text: String) {
    writeError((barIsShown ? "\r\u{1B}[K" : "") + text + "\n")
    barIsShown = false
    last = clock.now
  }

  /// Shows that `fraction` of the work is done: ten times a second on a terminal, every five seconds as a line
  /// elsewhere. The text is evaluated only when it is shown.
  package func update(_ fraction: Double, _ text: () -> String) {
    let now = clock.now
    guard now - last >= (terminal == nil ? .seconds(5) : .milliseconds(100)) else { return }
    last = now
    guard let terminal else { return writeError(text() + "\n") }
    writeError("\r\u{1B}[K" + ProgressBar.line(fraction, text(), columns: terminal.columns))
    barIsShown = true
  }

  /// Removes the bar.
  package func finish() {
    if barIsShown { writeError("\r\u{1B}[K") }
    barIsShown = false
  }
}
