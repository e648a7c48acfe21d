#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// The system calls by which a run's files change. Each fails as the call does, with `errno` set. All of them are here, so
/// that tests can let each one fail (`Faults`).
enum FileOperation {
  /// The file descriptor, or less than 0.
  static func open(_ path: String, _ flags: Int32) -> Int32 {
    watched { Faults.hitsFileOperation() ? -1 : sysOpen(path, flags | O_CLOEXEC, 0o644) }
  }

  static func write(_ bytes: [UInt8], to file: Int32) -> Bool {
    watched {
      !Faults.hitsFileOperation(first: { _ = writeAll(Array(bytes.prefix(bytes.count / 2)), to: file) })
        && writeAll(bytes, to: file)
    }
  }

  static func synchronize(_ file: Int32) -> Bool {
    watched { !Faults.hitsFileOperation() && fsync(file) == 0 }
  }

  static func truncate(_ file: Int32, to length: Int) -> Bool {
    watched { !Faults.hitsFileOperation() && ftruncate(file, off_t(length)) == 0 }
  }

  static func rename(_ old: String, _ new: String) -> Bool {
    watched { !Faults.hitsFileOperation() && sysRename(old, new) == 0 }
  }

  static func remove(_ path: String) -> Bool {
    watched { !Faults.hitsFileOperation() && unlink(path) == 0 }
  }

  static func makeDirectory(_ path: String) -> Bool {
    watched { !Faults.hitsFileOperation() && mkdir(path, 0o755) == 0 }
  }

  /// Under the eyes of `StallWatch`. Leaves `errno` as it is.
  private static func watched<T>(_ body: () -> T) -> T { Activity.duringFileAccess(.writingFile, body) }
}

// Under names of their own: the members above hide the system's.
private func sysOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
private func sysRename(_ old: String, _ new: String) -> Int32 { rename(old, new) }
