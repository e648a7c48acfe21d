import LockstepSupport
import MPI
import PlatformC

/// Files that Open MPI leaves behind if mpirun itself was killed:
///
/// - `/dev/shm/vader_segment.HOST.UID.JOB.RANK`, shared memory of its ranks,
/// - `/tmp/ompi.HOST.UID/pid.PID`, a session's files, where PID was mpirun's (`jf.FAMILY` where a daemon was the
///   owner).
///
/// JOB is hexadecimal; a session has it in decimal in its names `smseg-JOB-0` and `smlockseg-JOB`.
package enum StaleSegments {
  /// Removes files that this user's dead jobs left on this machine, and nothing that may be in use. A session is dead
  /// if its processes would be visible from here (`SessionMark`), none of them runs, and no process has its files open
  /// or mapped; a segment is dead if its session is. Containers may share /tmp and /dev/shm but not see each other's
  /// processes: what is not known to be dead stays.
  ///
  /// Does nothing if the system does not show which files processes use (`/proc`).
  package static func remove() {
    guard MPILibrary.current == .openMPI, let here = SessionMark.here else { return }
    let sessions = sessions().filter {
      here.wouldSeeProcesses(of: SessionMark(of: $0.path)) && !$0.owners.contains { isRunning($0) }
    }
    let segments = segments()
    // The creator of such a file always has it open or mapped: checking after the files are listed is enough.
    guard !sessions.isEmpty, let used = UsedFiles(namesWith: marks) else { return }
    let dead = sessions.filter { !used.contains($0.name) }
    let jobs = dead.reduce(into: Set<String>()) { $0.formUnion($1.jobs) }
    for segment in segments where !used.contains(segment.name) && jobs.contains(segment.job) {
      unlink(segment.path)
    }
    for session in dead { removeTree(session.path) }
  }

  private struct Session {
    var path: String
    var name: String
    var owners: [pid_t]
    var jobs: Set<String>
  }

  private struct Segment {
    var path: String
    var name: String
    var job: String
  }

  /// Parts of the names of such files.
  private static let marks = ["/vader_segment.", "/ompi."]

  /// Sessions whose owner is known.
  private static func sessions() -> [Session] {
    guard let directory = sessionDirectory, status(of: directory) != nil else { return [] }
    return fileNames(in: directory).compactMap { name in
      let path = "\(directory)/\(name)"
      guard name.hasPrefix("pid.") || name.hasPrefix("jf."), status(of: path) != nil else { return nil }
      var session = Session(path: path, name: name, owners: owners(of: path), jobs: [])
      for store in fileNames(in: path) where store.hasPrefix("pmix_dstor_") {
        for file in fileNames(in: "\(path)/\(store)") {
          let parts = file.split(separator: "-")
          guard parts.count > 1, let job = UInt32(parts[1]) else { continue }
          session.jobs.insert(String(job, radix: 16))
        }
      }
      return session.owners.isEmpty ? nil : session
    }
  }

  /// The processes that a session's names mention: mpirun, or its daemons.
  static func owners(of path: String) -> [pid_t] {
    let name = path.split(separator: "/").last ?? ""
    let own = name.hasPrefix("pid.") ? pid_t(name.dropFirst(4)) : nil
    let stores = fileNames(in: path).filter { $0.hasPrefix("pmix_dstor_") }
    return [own].compactMap { $0 } + stores.compactMap { $0.split(separator: "_").last.flatMap { pid_t($0) } }
  }

  /// Segments of this user and machine.
  private static func segments() -> [Segment] {
    let prefix = "vader_segment.\(hostName).\(geteuid())."
    let directory = environment("OMPI_MCA_btl_vader_backing_directory") ?? "/dev/shm"
    return fileNames(in: directory).compactMap { name -> Segment? in
      let path = "\(directory)/\(name)"
      guard name.hasPrefix(prefix), let status = status(of: path), status.st_mode & S_IFMT == S_IFREG
      else { return nil }
      return Segment(path: path, name: name, job: String(name.dropFirst(prefix.count).prefix { $0 != "." }))
    }
  }

  /// `/tmp/ompi.HOST.UID`, or where mpirun's daemons say it is.
  private static var sessionDirectory: String? {
    if let directory = environment("OMPI_MCA_orte_top_session_dir") { return directory }
    let base = ["OMPI_MCA_orte_tmpdir_base", "TMPDIR", "TEMP", "TMP"].lazy.compactMap(environment).first
    return "\(base ?? "/tmp")/ompi.\(hostName).\(geteuid())"
  }

  /// As Open MPI spells it: without the domain.
  private static var hostName: Substring { Host.name.prefix { $0 != "." } }

  static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// nil if it does not exist or is not this user's.
  private static func status(of path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_uid == geteuid() ? status : nil
  }

  private static func isRunning(_ pid: pid_t) -> Bool { kill(pid, 0) == 0 || errno != ESRCH }

  /// Follows no symbolic links.
  private static func removeTree(_ path: String) {
    if unlink(path) == 0 { return }
    if status(of: path).map({ $0.st_mode & S_IFMT == S_IFDIR }) == true {
      for name in fileNames(in: path) where name != "." && name != ".." { removeTree("\(path)/\(name)") }
      rmdir(path)
    }
  }
}
