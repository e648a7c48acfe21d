import PlatformC

/// Why a system call failed.
package struct SystemError: Error, Equatable, CustomStringConvertible {
  /// The call's `errno`.
  package let code: Int32
  /// "No space left on device"
  package var description: String {
    let text = String(cString: strerror(code))
    guard code == EFBIG, let limit = limit(on: RLIMIT_FSIZE) else { return text }
    return "\(text) (ulimit -f allows \(fixed(limit, 0)) bytes)"
  }

  package init(code: Int32) { self.code = code }

  /// Whether the cause is not the file but a lack of descriptors, in this process or the system.
  package var isOfDescriptors: Bool { code == EMFILE || code == ENFILE }
  package static let fixOfDescriptors = "Raise the limit on open files (ulimit -n)"

  /// Advice to the user; `option` is the flag that named the file.
  package func fix(option: String) -> String {
    switch code {
    case EFBIG where limit(on: RLIMIT_FSIZE) != nil: "Raise the limit (ulimit -f) or choose another \(option)"
    case EFBIG: "Choose another \(option), on a file system for files of this size"
    case EMFILE, ENFILE: Self.fixOfDescriptors
    case ENOSPC, EDQUOT: "Free space or choose another \(option)"
    case EROFS, EACCES, EPERM: "Make it writable for you or choose another \(option)"
    case ENAMETOOLONG: "Choose a shorter \(option)"
    default: "Choose another \(option)"
    }
  }
}

/// The call's result; repeats the call if a signal interrupts it. Throws `SystemError` if the result is negative.
///
/// Reads `errno` at once, because any other call may change it, even one that succeeds.
@discardableResult
package func systemCall<T: SignedInteger>(_ call: () -> T) throws -> T {
  while true {
    let result = call()
    if result >= 0 { return result }
    let code = errno
    if code != EINTR { throw SystemError(code: code) }
  }
}

/// As above, for a call that returns nil on failure.
package func systemPointer<T>(_ call: () -> T?) throws -> T {
  guard let result = call() else { throw SystemError(code: errno) }
  return result
}
