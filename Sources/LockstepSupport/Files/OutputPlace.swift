import PlatformC

/// Where the bytes of an output go that a path names.
enum OutputPlace: Equatable {
  /// A regular file or none yet, to be replaced as a whole: its own path, behind all symbolic links, which stay.
  case file(String)
  /// A device, a FIFO or the like: somebody made it for a purpose, so it is opened and written to.
  case special(String, mode: mode_t)
  /// What is open in this process already, such as /dev/stdout: whatever it is, its other writers share the position.
  case descriptor(Int32)

  /// Throws `SystemError` where links lead in a circle, and where it is a directory.
  init(_ path: String) throws {
    var path = path
    for _ in 0..<40 {
      if let descriptor = Self.descriptor(path) {
        self = .descriptor(descriptor)
        return
      }
      var status = stat()
      // What keeps it from being seen keeps it from being written, and is told then.
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

  /// The device of /proc, whose links to open files say no path that one could go.
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

  /// Seconds that a FIFO's reader may take to come.
  private static let patience = 10

  /// Opens a special file or a descriptor to write to.
  func open() throws -> Int32 {
    switch self {
    case .descriptor(let number): return try systemCall { fcntl(number, F_DUPFD_CLOEXEC, 3) }
    case .special(let path, mode: S_IFIFO):
      // Without a reader the call would wait for ever.
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

// Under a name of its own: a member above hides the system's.
private func openFile(_ path: String, _ flags: Int32) -> Int32 { open(path, flags) }
