import LockstepSupport
import PlatformC

/// - `LOCKSTEP_FAULT_NO_COPY=1`: raw data is mapped, as if there were no room for a copy.
extension Faults {
  static let forbidsDataCopy = getenv("LOCKSTEP_FAULT_NO_COPY") != nil
}
