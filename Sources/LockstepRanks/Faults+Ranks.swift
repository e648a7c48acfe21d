import LockstepSupport

/// Faults between ranks.
///
/// - `LOCKSTEP_FAULT_COLLECTIVE=barrier:N`: the process's Nth call over all ranks becomes a barrier.
/// - `LOCKSTEP_FAULT_HEARTBEAT_TABLE=no:room`: ranks share no memory for their heartbeats.
extension Faults {
  /// 0: none.
  package static let strayCollective = stepFault("LOCKSTEP_FAULT_COLLECTIVE").map { UInt32($0.step) } ?? 0
  static let forbidsHeartbeatTable = variable("LOCKSTEP_FAULT_HEARTBEAT_TABLE") != nil
}
