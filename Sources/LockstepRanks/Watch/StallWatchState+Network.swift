import LockstepSupport
import PlatformC

/// How the watchers come to hear ranks with which they share no memory.
extension StallWatchState {
  /// What tells this job's messages from those of others. Collective.
  static func agreeOnToken(_ collective: any Collective) throws -> UInt64 {
    let bytes = (0..<8).map { _ in UInt8.random(in: 0...255) }
    return try collective.broadcast(bytes, from: 0).withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
  }

  /// nil if all ranks share memory. Collective.
  static func makeSocket(_ members: WatchMembers, token: UInt64, _ collective: any Collective) throws
    -> HeartbeatSocket?
  {
    guard members.watchers.count > 1 else { return nil }
    var socket = HeartbeatSocket(token: token)
    for watcher in members.watchers {
      let own = watcher == members.rank ? socket?.announcement ?? [] : []
      let announcement = try collective.broadcast(own, from: watcher)
      if watcher != members.rank { socket?.addTarget(announcement) }
    }
    return socket
  }

  /// Ranks whose datagrams do not reach a watcher connect to it. Then each watcher gives up those that it still does
  /// not hear. Returns their number, by watcher's rank. Collective.
  func reachWatchers(_ collective: any Collective) throws -> [Int] {
    let unheard = awaitOthers()
    let missing = try collective.allGather(UInt64(unheard.count)).map { Int($0) }
    guard missing.contains(where: { $0 > 0 }) else { return missing }
    for watcher in members.watchers where missing[watcher] > 0 {
      let isOwn = watcher == members.rank
      let announcement = try collective.broadcast(isOwn ? streams.listen() : [], from: watcher)
      let mask = (0..<members.size).map { UInt8(unheard.contains($0) ? 1 : 0) }
      if try collective.broadcast(isOwn ? mask : [], from: watcher)[members.rank] == 1 {
        streams.connect(to: announcement, from: members.rank, seconds: 1.5)
      }
    }
    try collective.barrier()
    streams.stopListening()
    let lost = members.isWatcher ? inbox.unheard(of: members.others) : []
    inbox.giveUp(lost)
    return try collective.allGather(UInt64(lost.count)).map { Int($0) }
  }

  /// Waits up to two seconds for a datagram of every rank that this one watches that way. Returns those of which none
  /// arrived.
  private func awaitOthers() -> [Int] {
    guard members.isWatcher else { return [] }
    var unheard = inbox.unheard(of: members.others)
    for _ in 0..<200 where !unheard.isEmpty {
      usleep(10_000)
      unheard = inbox.unheard(of: members.others)
    }
    return unheard
  }
}
