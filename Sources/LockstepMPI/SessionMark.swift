import LockstepSupport
import PlatformC

/// Where a session's process numbers are valid: in one PID namespace of one start of one system. A job leaves it in its
/// session's directory, so that a later one knows whether the absence of a process says anything.
package struct SessionMark: Equatable {
  /// "START pid:[NAMESPACE]"
  private let text: String
  private static let fileName = "lockstep-processes"

  /// nil where the system does not tell.
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

  /// Whether this process, whose mark this is, sees the processes of a session with that mark, or with none: those of
  /// its own namespace, or all of the system's from the namespace that the system started with.
  package func wouldSeeProcesses(of session: SessionMark?) -> Bool {
    guard let session else { return isOfFirstNamespace }
    return session == self || isOfFirstNamespace && start == session.start
  }

  private var start: Substring { text.prefix { $0 != " " } }
  /// Its number is the same in all kernels (PROC_PID_INIT_INO).
  private var isOfFirstNamespace: Bool { text.hasSuffix(" pid:[4026531836]") }

  /// nil where the session has none.
  init?(of session: String) {
    text = (systemText("\(session)/\(Self.fileName)") ?? "")
    if text.isEmpty { return nil }
  }

  /// Marks this job's session, where its owner is seen from here as an ancestor of this process: an mpirun outside of
  /// the container that its ranks run in has a number that means nothing here.
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
    // A mark in part is none that equals another.
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
