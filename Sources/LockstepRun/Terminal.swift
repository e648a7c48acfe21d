import LockstepSupport
import PlatformC

/// The terminal that standard error leads to: itself, or that of mpirun, which forwards its ranks' output.
package struct Terminal: Equatable {
  /// nil for standard error itself; empty if it cannot be opened from here.
  package let path: String?
  /// The width if the terminal does not report it.
  package let usualColumns: Int

  /// nil without a terminal, or if it cannot rewrite its line.
  package static func ofStandardError() -> Terminal? {
    func variable(_ name: String) -> String { getenv(name).map { String(cString: $0) } ?? "" }
    if variable("TERM") == "dumb" { return nil }
    if isatty(2) == 1 { return Terminal(path: nil, usualColumns: 80) }
    var status = stat()
    guard fstat(2, &status) == 0, status.st_mode & S_IFMT != S_IFREG else { return nil }
    return Terminal(passedOn: variable("LOCKSTEP_TERMINAL"), host: Host.name)
  }

  init(path: String?, usualColumns: Int) {
    self.path = path
    self.usualColumns = usualColumns
  }

  /// From scripts/train's description of its terminal, "HOST:/dev/pts/3:120". Its current width can be queried only on
  /// that host.
  package init?(passedOn text: String, host: String) {
    let parts = text.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
    guard parts.count >= 3, !parts[0].isEmpty else { return nil }
    func short(_ name: String) -> Substring { name.prefix { $0 != "." } }
    let device = parts[1..<parts.count - 1].joined(separator: ":")
    let columns = Int(parts[parts.count - 1]) ?? 0
    self.init(
      path: short(parts[0]) == short(host) && device.hasPrefix("/dev/") ? device : "",
      usualColumns: 1...10_000 ~= columns ? columns : 80)
  }

  /// The width of the terminal that standard output is; nil if it is none, or one without escape sequences.
  package static var columnsOfStandardOutput: Int? {
    var size = winsize()
    guard isatty(1) == 1, getenv("TERM").map({ String(cString: $0) }) != "dumb" else { return nil }
    return ioctl(1, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 0 ? Int(size.ws_col) : 80
  }

  /// The current width, which may change at any time.
  package var columns: Int {
    var size = winsize()
    var isKnown = false
    if let path {
      let file = path.isEmpty ? -1 : open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
      if file >= 0 {
        isKnown = ioctl(file, UInt(TIOCGWINSZ), &size) == 0
        close(file)
      }
    } else {
      isKnown = ioctl(2, UInt(TIOCGWINSZ), &size) == 0
    }
    return isKnown && size.ws_col > 0 ? Int(size.ws_col) : usualColumns
  }
}
