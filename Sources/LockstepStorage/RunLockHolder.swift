import LockstepSupport
import PlatformC

/// The holder of a run's lock, as stored in `.lock`.
package struct RunLockHolder: Equatable, CustomStringConvertible {
  package var process: Int
  package var host: String
  package var isStopping = false

  static let stoppingLine: StaticString = "stopping\n"

  static var own: RunLockHolder { RunLockHolder(process: Int(getpid()), host: Host.name) }

  package var text: String {
    "pid \(process)\nhost \(host)\n" + (isStopping ? "\(Self.stoppingLine)" : "")
  }

  package var description: String { "pid \(process) on \(host)" }

  init(process: Int, host: String, isStopping: Bool = false) {
    (self.process, self.host, self.isStopping) = (process, host, isStopping)
  }

  /// nil if the text is empty or malformed.
  package init?(_ text: String) {
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).dropLast()
    guard lines.count >= 2, lines[0].hasPrefix("pid "), lines[1].hasPrefix("host "),
      let process = Int(lines[0].dropFirst(4)), process > 0, lines[1].utf8.count < 300
    else { return nil }
    self.init(
      process: process, host: String(lines[1].dropFirst(5)),
      isStopping: lines.dropFirst(2).first == "stopping"
    )
  }

  init?(readFrom file: Int32) {
    var bytes = [UInt8](repeating: 0, count: 512)
    let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
    self.init(String(decoding: bytes.prefix(max(count, 0)), as: UTF8.self))
  }

  /// Whether it is a living process of this machine that is stopping, which can be known even without locks.
  var isStoppingHere: Bool {
    let own = Self.own
    guard isStopping, host == own.host, process != own.process, let number = pid_t(exactly: process) else {
      return false
    }
    // A process that may not be signalled exists too.
    do { return try systemCall { kill(number, 0) } == 0 } catch {
      return (error as? SystemError)?.code != ESRCH
    }
  }
}
