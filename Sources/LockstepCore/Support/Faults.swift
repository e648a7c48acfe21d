import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// Faults that tests ask for by environment variables. Without those nothing here has an effect.
///
/// - `LOCKSTEP_FAULT_FILE_OPERATION=N:ENOSPC` lets the Nth operation that changes a run's files fail so, counted from 1
///   over the process; `EIO` likewise; with `kill` the process dies there. `N+:ENOSPC`: every one from the Nth on. A
///   write that is hit has half of its bytes written first.
/// - `LOCKSTEP_FAULT_SIGNAL=SIGNAL:STEP` (two numbers): the process sends itself the signal as it computes the step.
public enum Faults {
  private struct FileFault {
    let number: Int
    let lasts: Bool
    /// nil to be killed.
    let error: Int32?
  }

  private static let fileFault: FileFault? = variable("LOCKSTEP_FAULT_FILE_OPERATION").flatMap {
    number, kind in
    let errors: [Substring: Int32?] = ["ENOSPC": ENOSPC, "EIO": EIO, "kill": nil]
    let lasts = number.hasSuffix("+")
    guard let number = Int(lasts ? number.dropLast() : number), let error = errors[kind] else { return nil }
    return FileFault(number: number, lasts: lasts, error: error)
  }
  private static let operations = Atomic<Int>(0)

  /// Counts a file operation. True where it is to fail: `errno` is set, after `first` has run.
  static func hitsFileOperation(first: () -> Void = {}) -> Bool {
    guard let fault = fileFault else { return false }
    let number = operations.add(1, ordering: .relaxed).newValue
    guard number == fault.number || fault.lasts && number > fault.number else { return false }
    first()
    guard let error = fault.error else {
      kill(getpid(), SIGKILL)
      return true
    }
    errno = error
    return true
  }

  private static let signalFault: (signal: Int32, step: Int)? = variable("LOCKSTEP_FAULT_SIGNAL").flatMap {
    guard let signal = Int32($0), let step = Int($1) else { return nil }
    return (signal, step)
  }

  /// Sends this process the signal that was asked for at this step.
  public static func raiseSignal(at step: Int) {
    if let fault = signalFault, fault.step == step { kill(getpid(), fault.signal) }
  }

  /// The two halves of an environment variable around its colon.
  private static func variable(_ name: String) -> (Substring, Substring)? {
    guard let value = getenv(name) else { return nil }
    let parts = String(cString: value).split(separator: ":")
    return parts.count == 2 ? (parts[0], parts[1]) : nil
  }
}
