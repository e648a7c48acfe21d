import PlatformC

/// All system calls that change a run's files, in one place so that tests can make each of them fail (`Faults`). Each
/// throws `SystemError`.
package enum FileOperation {
  /// The file descriptor.
  package static func open(_ path: String, _ flags: Int32) throws -> Int32 {
    try perform { try systemCall { sysOpen(path, flags | O_CLOEXEC, 0o644) } }
  }

  package static func write(_ bytes: [UInt8], to file: Int32) throws {
    try perform(first: { try? writeBytes(Array(bytes.prefix(bytes.count / 2)), to: file) }) {
      try writeBytes(bytes, to: file)
    }
  }

  static func overwrite(_ bytes: [UInt8], at offset: Int, of file: Int32) throws {
    try perform {
      let count = try systemCall {
        bytes.withUnsafeBytes { pwrite(file, $0.baseAddress, $0.count, off_t(offset)) }
      }
      guard count == bytes.count else { throw SystemError(code: ENOSPC) }
    }
  }

  package static func synchronize(_ file: Int32) throws { try perform { try systemCall { fsync(file) } } }

  package static func truncate(_ file: Int32, to length: Int) throws {
    try perform { try systemCall { ftruncate(file, off_t(length)) } }
  }

  static func rename(_ old: String, _ new: String) throws {
    try perform { try systemCall { sysRename(old, new) } }
  }

  package static func remove(_ path: String) throws { try perform { try systemCall { unlink(path) } } }

  package static func makeDirectory(_ path: String) throws {
    try perform { try systemCall { mkdir(path, 0o755) } }
  }

  /// Runs a call where `StallWatch` can see that it hangs.
  @discardableResult
  private static func perform<T>(first: () -> Void = {}, _ body: () throws -> T) throws -> T {
    try Activity.duringFileAccess(.writingFile) {
      if let code = Faults.hitFileOperation(first: first) { throw SystemError(code: code) }
      return try body()
    }
  }
}

// Separate names, because the members above hide the system's functions.
private func sysOpen(_ path: String, _ flags: Int32, _ mode: mode_t) -> Int32 { open(path, flags, mode) }
private func sysRename(_ old: String, _ new: String) -> Int32 { rename(old, new) }
