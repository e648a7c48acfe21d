import LockstepSupport
import PlatformC

/// Identifies where a session's process numbers are valid: one PID namespace of one boot. A job leaves it in its
/// session's directory, so that a later job knows whether a missing process means anything.
package struct SessionMark: Equatable {
  /// "START pid:[NAMESPACE]"
  private let text: String
  private static let fileName = "lockstep-processes"

  /// nil if unknown.
  static var here: SessionMark? {
    let start = (systemText("/proc/sys/kernel/random/boot_id") ?? "").prefix { $0 != "\n" }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = buffer.withUnsafeMutableBytes {
      readlink("/proc/self/ns/pid", $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
    }
    guard !start.isEmpty, count > 0 else { return nil }
    return SessionMark(text: "\(start) \(String(decoding: buffer[..<count], as: UTF8.self))")
  }

  package init(text: String) { self.text = text }

  /// Whether this process, whose mark this is, can see the processes of a session with that mark, or without one: those
  /// of its own namespace, or all of them from the initial namespace.
  package func wouldSeeProcesses(of session: SessionMark?) -> Bool {
    guard let session else { return isOfFirstNamespace }
    return session == self || isOfFirstNamespace && start == session.start
  }

  private var start: Substring { text.prefix { $0 != " " } }
  /// Its number is the same in all kernels (PROC_PID_INIT_INO).
  private var isOfFirstNamespace: Bool { text.hasSuffix(" pid:[4026531836]") }

  /// nil if the session has none.
  init?(of session: String) {
    text = (systemText("\(session)/\(Self.fileName)") ?? "")
    if text.isEmpty { return nil }
  }

  /// Marks this job's session if its owner is visible as an ancestor of this process: the number of an mpirun outside
  /// of its ranks' container means nothing here.
  static func leave() {
    let variables = ["OMPI_MCA_orte_jobfam_session_dir", "PMIX_SERVER_TMPDIR"]
    guard let here, let session = variables.lazy.compactMap(StaleSegments.environment).first else { return }
    let owners = StaleSegments.owners(of: session)
    guard !owners.isEmpty, Set(owners).isSubset(of: ancestors) else { return }
    let path = "\(session)/\(fileName)"
    let file = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
    guard file >= 0 else { return }
    defer { close(file) }
    let bytes = Array(here.text.utf8)
    // A partly written mark equals no other.
    _ = write(file, bytes, bytes.count)
  }

  /// The processes above this one.
  private static var ancestors: Set<pid_t> {
    var found: Set<pid_t> = []
    var process = getppid()
    while process > 0, found.insert(process).inserted {
      // "4711 (a name) S 4710 ...": the parent follows the last bracket and the state.
      let fields = (systemText("/proc/\(process)/stat") ?? "").split(separator: ")").last?.split(
        separator: " ")
      process = fields.flatMap { $0.count > 1 ? pid_t($0[1]) : nil } ?? 0
    }
    return found
  }
}
