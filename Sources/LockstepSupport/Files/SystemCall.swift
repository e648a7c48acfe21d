import PlatformC

/// A system call that has failed, and why.
public struct SystemError: Error, Equatable, CustomStringConvertible {
  /// What the call left in `errno`.
  public let code: Int32
  /// "No space left on device"
  public var description: String {
    let text = String(cString: strerror(code))
    guard code == EFBIG, let limit = limit(on: RLIMIT_FSIZE) else { return text }
    return "\(text) (ulimit -f allows \(fixed(limit, 0)) bytes)"
  }

  public init(code: Int32) { self.code = code }

  /// Whether the file is not to blame: this process, or the system, has no descriptor left.
  package var isOfDescriptors: Bool { code == EMFILE || code == ENFILE }
  package static let fixOfDescriptors = "Raise the limit on open files (ulimit -n)"

  /// What a user can do about it who named the file by this option of the command.
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

/// What the call returns, which is repeated where a signal interrupts it. Throws `SystemError` where that is below 0.
///
/// `errno` is read here and nowhere else: any other call, also one that succeeds, may change it.
@discardableResult
package func systemCall<T: SignedInteger>(_ call: () -> T) throws -> T {
  while true {
    let result = call()
    if result >= 0 { return result }
    let code = errno
    if code != EINTR { throw SystemError(code: code) }
  }
}

/// As above, for a call that returns nil where it fails.
package func systemPointer<T>(_ call: () -> T?) throws -> T {
  guard let result = call() else { throw SystemError(code: errno) }
  return result
}
