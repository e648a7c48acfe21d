#if canImport(Glibc)
  import Glibc
#else
  import Darwin
#endif

extension SyntheticDataset {
  /// A file that takes its place by a rename once it is whole and on disk; dropped before that, it leaves nothing.
  final class ReplacementFile {
    private let path: String
    private let temporaryPath: String
    private var descriptor: CInt

    init(_ path: String) throws {
      self.path = path
      temporaryPath = "\(path).\(getpid()).tmp"
      descriptor = open(temporaryPath, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
      if descriptor < 0 { throw failure("cannot be created") }
    }

    deinit {
      guard descriptor >= 0 else { return }
      close(descriptor)
      unlink(temporaryPath)
    }

    func write(_ bytes: [UInt8]) throws {
      try bytes.withUnsafeBytes { bytes in
        var rest = bytes[...]
        while !rest.isEmpty {
          let part = UnsafeRawBufferPointer(rebasing: rest)
          #if canImport(Glibc)
            let written = Glibc.write(descriptor, part.baseAddress, part.count)
          #else
            let written = Darwin.write(descriptor, part.baseAddress, part.count)
          #endif
          if written < 0 && errno == EINTR { continue }
          guard written > 0 else { throw failure("cannot be written") }
          rest = rest.dropFirst(written)
        }
      }
    }

    /// Makes the bytes durable, then the name.
    func commit() throws {
      guard fsync(descriptor) == 0 else { throw failure("cannot be flushed to disk") }
      guard rename(temporaryPath, path) == 0 else { throw failure("cannot be replaced") }
      close(descriptor)
      descriptor = -1
    }

    private func failure(_ problem: String) -> LockstepError {
      SyntheticDataset.failure(path, problem)
    }
  }

  /// Makes the directory and those above it, where missing.
  static func makeDirectory(_ path: String) throws {
    var prefix = path.hasPrefix("/") ? "/" : ""
    for component in path.split(separator: "/") {
      prefix += component
      if mkdir(prefix, 0o755) != 0 {
        let reason = errno
        guard isDirectory(prefix) else { throw failure(path, "cannot be created", reason) }
      }
      prefix += "/"
    }
    guard isDirectory(path) else { throw failure(path, "cannot be used as a directory") }
  }

  private static func isDirectory(_ path: String) -> Bool {
    var status = stat()
    return stat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
  }

  /// A system call that failed, told as an error.
  fileprivate static func failure(_ path: String, _ problem: String, _ reason: CInt = errno) -> LockstepError
  {
    LockstepError(
      .failure, path, found: "\(problem): \(String(cString: strerror(reason)))",
      fix: "Check the path, its permissions and the free space, or name another directory with --output.")
  }
}
