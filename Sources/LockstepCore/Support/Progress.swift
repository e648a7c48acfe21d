#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Progress on standard error: a bar that rewrites its line on a terminal, plain lines otherwise.
public final class Progress {
  public let isTerminal = isatty(2) == 1
  private let clock = ContinuousClock()
  private var last: ContinuousClock.Instant
  private var barIsShown = false

  public init() { last = clock.now }

  /// A line that stays.
  public func line(_ text: String) {
    writeError((barIsShown ? "\r\u{1B}[K" : "") + text + "\n")
    barIsShown = false
    last = clock.now
  }

  /// Where the work stands, `fraction` of it done. Shown ten times a second on a terminal, and every five seconds as a
  /// line elsewhere; the text is only asked for when it is shown.
  public func update(_ fraction: Double, _ text: () -> String) {
    let now = clock.now
    guard now - last >= (isTerminal ? .milliseconds(100) : .seconds(5)) else { return }
    last = now
    guard isTerminal else { return writeError(text() + "\n") }
    let width = 24
    let filled = Int((min(max(fraction, 0), 1) * Double(width)).rounded(.down))
    let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: width - filled)
    writeError("\r\u{1B}[K\(bar) \(text())")
    barIsShown = true
  }

  /// Takes the bar away.
  public func finish() {
    if barIsShown { writeError("\r\u{1B}[K") }
    barIsShown = false
  }
}

/// Writes to standard error, unbuffered and in one piece.
public func writeError(_ text: String) {
  _ = writeAll(Array(text.utf8), to: 2)
}
