import PlatformC
import Synchronization

/// Faults that tests ask for by environment variables. Without those nothing here has an effect.
///
/// - `LOCKSTEP_FAULT_FILE_OPERATION=N:ENOSPC` lets the Nth operation that changes a run's files fail so, counted from
///   1 over the process; `EIO` likewise; with `kill` the process dies there, with `hang` the operation never returns.
///   `N+:ENOSPC`: every one from the Nth on. A write that is hit has half of its bytes written first.
/// - `LOCKSTEP_FAULT_LOCKS=no:locks`: the file system has no locks.
/// - Those of data, ranks and steps are in Faults+Data.swift, Faults+Ranks.swift and Faults+Steps.swift.
public enum Faults {
  private struct FileFault {
    let number: Int
    let lasts: Bool
    let effect: Effect
    enum Effect { case error(Int32), kill, hang }
  }

  private static let fileFault: FileFault? = variable("LOCKSTEP_FAULT_FILE_OPERATION").flatMap {
    number, kind in
    let effects: [Substring: FileFault.Effect] = [
      "ENOSPC": .error(ENOSPC), "EIO": .error(EIO), "kill": .kill, "hang": .hang,
    ]
    let lasts = number.hasSuffix("+")
    guard let number = Int(lasts ? number.dropLast() : number), let effect = effects[kind] else { return nil }
    return FileFault(number: number, lasts: lasts, effect: effect)
  }
  private static let operations = Atomic<Int>(0)

  /// Counts a file operation. The error that it is to fail with, after `first` has run; nil where it is not to.
  static func hitFileOperation(first: () -> Void) -> Int32? {
    guard let fault = fileFault else { return nil }
    let number = operations.add(1, ordering: .relaxed).newValue
    guard number == fault.number || fault.lasts && number > fault.number else { return nil }
    first()
    switch fault.effect {
    case .error(let error): return error
    case .kill: kill(getpid(), SIGKILL)
    case .hang: while true { pause() }
    }
    return EIO
  }

  /// Whether locks (flock) are to fail as on a file system that has none.
  package static let forbidsLocks = variable("LOCKSTEP_FAULT_LOCKS") != nil

  /// The two halves of an environment variable around its colon.
  package static func variable(_ name: String) -> (Substring, Substring)? {
    guard let value = getenv(name) else { return nil }
    let parts = String(cString: value).split(separator: ":")
    return parts.count == 2 ? (parts[0], parts[1]) : nil
  }

  /// As above, where the second half is the number of a step or a call.
  package static func stepFault(_ name: String) -> (what: Substring, step: Int)? {
    variable(name).flatMap { what, step in Int(step).map { (what, $0) } }
  }
}
