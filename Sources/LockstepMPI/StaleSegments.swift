import LockstepCore

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What Open MPI leaves behind where nobody is left to clean up, because mpirun itself was killed:
///
/// - `/dev/shm/vader_segment.HOST.UID.JOB.RANK` and `osc_sm.HOST.JOB.RANK.COMMUNICATOR`, memory that ranks share,
/// - `/tmp/ompi.HOST.UID/pid.PID`, a session's files, where PID was mpirun's (`jf.FAMILY` where a daemon was the owner).
///
/// JOB is hexadecimal; a session has it in decimal in its names `smseg-JOB-0` and `smlockseg-JOB`.
public enum StaleSegments {
  /// Removes what dead jobs of this user left on this machine, and nothing that a living process uses. A segment is a dead
  /// job's where no process has it open or mapped and the job's session is a dead one, or the segment an hour old: a job
  /// in another container, whose processes do not show here, has long opened all of its segments by then.
  ///
  /// Does nothing where the system does not tell which files processes use (`/proc`).
  public static func remove() {
    let sessions = sessions()
    let segments = segments()
    // Whoever makes one of these files has it open, then mapped, all the time: looking after they are listed is enough.
    guard !sessions.isEmpty || !segments.isEmpty, let used = UsedFiles(namesWith: marks) else { return }
    let dead = sessions.filter { !used.contains($0.name) && !$0.owners.contains { isRunning($0) } }
    let jobs = dead.reduce(into: Set<String>()) { $0.formUnion($1.jobs) }
    for segment in segments where !used.contains(segment.name) {
      if jobs.contains(segment.job) || segment.age > 3600 { unlink(segment.path) }
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
    /// Seconds since it was last written to a page for the first time.
    var age: Int
  }

  /// What names of such files have in them.
  private static let marks = ["/vader_segment.", "/osc_sm.", "/ompi."]

  /// Sessions whose owner is known.
  private static func sessions() -> [Session] {
    guard let directory = sessionDirectory, status(of: directory) != nil else { return [] }
    return fileNames(in: directory).compactMap { name in
      let path = "\(directory)/\(name)"
      guard name.hasPrefix("pid.") || name.hasPrefix("jf."), status(of: path) != nil else { return nil }
      var session = Session(path: path, name: name, owners: [], jobs: [])
      if name.hasPrefix("pid."), let owner = pid_t(name.dropFirst(4)) { session.owners.append(owner) }
      for store in fileNames(in: path) where store.hasPrefix("pmix_dstor_") {
        if let owner = store.split(separator: "_").last.flatMap({ pid_t($0) }) {
          session.owners.append(owner)
        }
        for file in fileNames(in: "\(path)/\(store)") {
          let parts = file.split(separator: "-")
          guard parts.count > 1, let job = UInt32(parts[1]) else { continue }
          session.jobs.insert(String(job, radix: 16))
        }
      }
      return session.owners.isEmpty ? nil : session
    }
  }

  /// Segments of this user and machine.
  private static func segments() -> [Segment] {
    let now = time(nil)
    let host = hostName
    let kinds = [
      ("OMPI_MCA_btl_vader_backing_directory", "vader_segment.\(host).\(geteuid())."),
      ("OMPI_MCA_osc_sm_backing_directory", "osc_sm.\(host)."),
    ]
    return kinds.flatMap { variable, prefix in
      let directory = environment(variable) ?? "/dev/shm"
      return fileNames(in: directory).compactMap { name -> Segment? in
        let path = "\(directory)/\(name)"
        guard name.hasPrefix(prefix), let status = status(of: path), status.st_mode & S_IFMT == S_IFREG
        else { return nil }
        let job = name.dropFirst(prefix.count).prefix { $0 != "." }
        return Segment(path: path, name: name, job: String(job), age: now - modificationTime(status))
      }
    }
  }

  /// `/tmp/ompi.HOST.UID`, as mpirun's daemons tell it to ranks.
  private static var sessionDirectory: String? {
    if let directory = environment("OMPI_MCA_orte_top_session_dir") { return directory }
    let base = ["OMPI_MCA_orte_tmpdir_base", "TMPDIR", "TEMP", "TMP"].lazy.compactMap(environment).first
    return "\(base ?? "/tmp")/ompi.\(hostName).\(geteuid())"
  }

  /// As Open MPI spells it: without the domain.
  private static var hostName: String {
    var name = [UInt8](repeating: 0, count: 256)
    _ = name.withUnsafeMutableBytes { gethostname($0.bindMemory(to: CChar.self).baseAddress!, 255) }
    return String(decoding: name.prefix { $0 != 0 && $0 != UInt8(ascii: ".") }, as: UTF8.self)
  }

  private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  /// nil where it is not there, or not this user's.
  private static func status(of path: String) -> stat? {
    var status = stat()
    return lstat(path, &status) == 0 && status.st_uid == geteuid() ? status : nil
  }

  private static func modificationTime(_ status: stat) -> Int {
    #if canImport(Darwin)
      status.st_mtimespec.tv_sec
    #else
      status.st_mtim.tv_sec
    #endif
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
