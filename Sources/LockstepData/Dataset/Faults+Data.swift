import LockstepSupport
import PlatformC

/// - `LOCKSTEP_FAULT_NO_COPY=1`: there is no room for a copy of raw data.
extension Faults {
  static let forbidsDataCopy = getenv("LOCKSTEP_FAULT_NO_COPY") != nil
}
