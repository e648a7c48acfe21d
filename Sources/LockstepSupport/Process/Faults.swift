import PlatformC
import Synchronization

/// Faults that tests inject by environment variables. Without those nothing here has an effect.
///
/// - `LOCKSTEP_FAULT_FILE_OPERATION=N:ENOSPC` makes the process's Nth operation on a run's files, counted from 1, fail
///   with that error; `EIO` likewise; `kill` kills the process there, `hang` never returns. `N+:ENOSPC` affects every
///   operation from the Nth. An affected write writes half of its bytes first.
/// - `LOCKSTEP_FAULT_LOCKS=no:locks`: the file system has no locks.
/// - Faults of data, ranks and steps are in Faults+Data.swift, Faults+Ranks.swift and Faults+Steps.swift.
package enum Faults {
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

  /// Counts a file operation. Returns the error to fail with, after running `first`; nil for none.
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

  /// Whether flock fails, as on a file system without locks.
  package static let forbidsLocks = variable("LOCKSTEP_FAULT_LOCKS") != nil

  /// The two halves of an environment variable around its colon.
  package static func variable(_ name: String) -> (Substring, Substring)? {
    guard let value = getenv(name) else { return nil }
    let parts = String(cString: value).split(separator: ":")
    return parts.count == 2 ? (parts[0], parts[1]) : nil
  }

  /// As above, if the second half is the number of a step or a call.
  package static func stepFault(_ name: String) -> (what: Substring, step: Int)? {
    variable(name).flatMap { what, step in Int(step).map { (what, $0) } }
  }
}
