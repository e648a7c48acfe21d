import LockstepSupport

/// Faults between ranks.
///
/// - `LOCKSTEP_FAULT_COLLECTIVE=barrier:N`: the process's Nth call over all ranks becomes a barrier.
/// - `LOCKSTEP_FAULT_HEARTBEAT_TABLE=no:room`: ranks share no memory for their heartbeats.
/// - `LOCKSTEP_FAULT_DATAGRAMS=lost:all`: heartbeats by UDP are lost, as behind a firewall; with `lost:streams` those
///   by TCP as well.
extension Faults {
  /// 0: none.
  package static let strayCollective = stepFault("LOCKSTEP_FAULT_COLLECTIVE").map { UInt32($0.step) } ?? 0
  static let forbidsHeartbeatTable = variable("LOCKSTEP_FAULT_HEARTBEAT_TABLE") != nil
  static let losesDatagrams = variable("LOCKSTEP_FAULT_DATAGRAMS") != nil
  static let losesStreams = variable("LOCKSTEP_FAULT_DATAGRAMS")?.1 == "streams"
}
