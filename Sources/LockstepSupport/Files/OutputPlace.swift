import PlatformC

/// Where an output path leads.
enum OutputPlace: Equatable {
  /// A regular file, existing or not, that is replaced as a whole. Its path has symbolic links resolved: the links
  /// stay.
  case file(String)
  /// A device, a FIFO or the like, which is opened and written to.
  case special(String, mode: mode_t)
  /// A descriptor that this process already has open, such as /dev/stdout, and whose position other writers share.
  case descriptor(Int32)

  /// Throws `SystemError` for circular links and for a directory.
  init(_ path: String) throws {
    var path = path
    for _ in 0..<40 {
      if let descriptor = Self.descriptor(path) {
        self = .descriptor(descriptor)
        return
      }
      var status = stat()
      // If it cannot be seen it cannot be written either; opening it reports why.
      let kind = lstat(path, &status) == 0 ? status.st_mode & S_IFMT : S_IFREG
      switch kind {
      case S_IFLNK where status.st_dev != Self.processes:
        let target = linkTarget(of: path) ?? ""
        let directory = path.lastIndex(of: "/").map { path[...$0] } ?? ""
        path = target.hasPrefix("/") ? target : directory + target
      case S_IFREG:
        self = .file(path)
        return
      case S_IFDIR: throw SystemError(code: EISDIR)
      default:
        self = .special(path, mode: kind)
        return
      }
    }
    throw SystemError(code: ELOOP)
  }

  /// The device of /proc, whose links to open files are not paths.
  private static var processes: dev_t? {
    var status = stat()
    return stat("/proc/self", &status) == 0 ? status.st_dev : nil
  }

  private static func descriptor(_ path: String) -> Int32? {
    let names = ["/dev/stdin": 0, "/dev/stdout": 1, "/dev/stderr": 2] as [String: Int32]
    let directories = ["/dev/fd/", "/proc/self/fd/", "/proc/thread-self/fd/", "/proc/\(getpid())/fd/"]
    guard let directory = directories.first(where: path.hasPrefix) else { return names[path] }
    return Int32(path.dropFirst(directory.count)).flatMap { $0 >= 0 ? $0 : nil }
  }

  /// Seconds to wait for a FIFO's reader.
  private static let patience = 10

  /// Opens a special file or a descriptor for writing.
  func open() throws -> Int32 {
    switch self {
    case .descriptor(let number): return try systemCall { fcntl(number, F_DUPFD_CLOEXEC, 3) }
    case .special(let path, mode: S_IFIFO):
      // A blocking open would wait for a reader for ever.
      let deadline = time(nil) + Self.patience
      while true {
        do {
          let file = try systemCall { openFile(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC) }
          try systemCall { fcntl(file, F_SETFL, O_WRONLY) }
          return file
        } catch let error as SystemError where error.code == ENXIO && time(nil) < deadline {
          usleep(50_000)
        }
      }
    case .file(let path), .special(let path, _):
      return try systemCall { openFile(path, O_WRONLY | O_NOCTTY | O_CLOEXEC) }
    }
  }
}

// A separate name, because a member above hides the system's function.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }

/// Whether an output is a file of its own, there or not, rather than a device, a pipe or one of this process's streams.
package func isOwnFile(_ path: String) -> Bool {
  if case .file? = try? OutputPlace(path) { true } else { false }
}
