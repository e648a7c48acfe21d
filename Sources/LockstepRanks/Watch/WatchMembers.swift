import LockstepSupport
import PlatformC

/// Who watches whom.
struct WatchMembers: Sendable {
  let rank: Int
  let size: Int
  /// The ranks whose heartbeats are in the same table as this one's, by row.
  let group: [Int]
  /// The ranks to which all others send datagrams: the first ranks of the first groups. Two are enough to see any one
  /// rank stop; more help if several stop at once.
  let watchers: [Int]
  let hosts: [String]
  /// The first rank of each rank's node.
  let nodes: [Int]
  private let processes: [Int]
  /// The other ranks of the group whose processes are visible here, unlike those of another container.
  private let visible: [Int]
  private let words: StallWatch.Words
  /// The first rank of each rank's group.
  private let leaders: [Int]

  /// Collective.
  init(_ collective: any Collective, sharesTable: Bool, words: StallWatch.Words) throws {
    self.words = words
    rank = collective.rank
    size = collective.size
    group = sharesTable ? collective.nodeRanks : [rank]
    leaders = try collective.allGather(UInt64(group[0])).map { Int($0) }
    watchers = Array(leaders.indices.filter { [leaders] in leaders[$0] == $0 }.prefix(4))
    nodes = try collective.allGather(UInt64(collective.nodeRanks[0])).map { Int($0) }
    processes = try collective.allGather(UInt64(getpid())).map { Int($0) }
    hosts = try collective.hostNames()
    visible = group.filter { [rank, processes] in $0 != rank && isThere(processes[$0]) }
  }

  var ownRow: Int { group.firstIndex(of: rank)! }
  var isWatcher: Bool { watchers.count > 1 && watchers.contains(rank) }
  /// The ranks outside the group.
  var others: [Int] { leaders.indices.filter { leaders[$0] != leaders[rank] } }

  /// The ranks that see a rank's heartbeat: those of its group, then the watchers.
  func observers(of rank: Int) -> [Int] {
    let own = leaders.indices.filter { leaders[$0] == leaders[rank] }
    return own + watchers.filter { leaders[$0] != leaders[rank] }
  }

  /// The ranks of the group whose processes are gone.
  var lost: [Int] { visible.filter { !isThere(processes[$0]) } }

  /// The log entry for a lost rank; mpirun shows the message.
  func message(lost rank: Int, at activity: Activity.Snapshot?) -> String {
    let place = activity.map { "; it was last seen in: \(words.describe($0.phase, $0.step))" } ?? ""
    return "\(name(rank)) has been killed, or has crashed\(place)"
  }

  /// The message for a stalled rank; `others` more are stalled as well.
  func message(_ stall: StallDetector.Stall, others: Int) -> String {
    let seconds = fixed(stall.seconds, stall.seconds < 10 ? 1 : 0)
    let more = others > 0 ? " (nor \(others == 1 ? "has one more rank" : "have \(others) more ranks"))" : ""
    let place = words.describe(stall.activity.phase, stall.activity.step)
    let what =
      switch stall.cause {
      case .silent:
        "has not been heard of for \(seconds) s\(more); it was last seen in: \(place). "
          + "It is stopped, or its node is lost: see to that"
      case .fileSystem:
        "has waited \(seconds) s for the file system; it is in: \(place). "
          + "A disk is stuck or very slow: see to that"
      }
    return "\(name(stall.rank)) \(what) and \(words.advice)"
  }

  /// The message for ranks in different calls.
  func message(_ mismatch: StallDetector.Mismatch) -> String {
    let other =
      mismatch.otherCall.map { "waits in \($0.description)" } ?? "has come to its end without"
    return
      "for \(fixed(mismatch.seconds, mismatch.seconds < 10 ? 1 : 0)) s all ranks have waited for each other: "
      + "\(name(mismatch.rank)) in \(mismatch.call.description), while \(name(mismatch.other)) \(other). They do not "
      + "take the same way, which is a fault of Lockstep or of this installation: please report it, and \(words.advice)"
  }

  private func name(_ rank: Int) -> String { "rank \(rank) on \(hosts[rank]) (pid \(processes[rank]))" }

  /// Whether this rank sees every other rank's call.
  var seesAll: Bool { others.isEmpty || isWatcher }
  /// All such ranks.
  var seers: [Int] { leaders.indices.filter { leader in watchers.count < 2 || watchers.contains(leader) } }
}

private func isThere(_ process: Int) -> Bool { kill(pid_t(process), 0) == 0 || errno != ESRCH }

extension Collective {
  /// Every rank's host, by rank. Collective.
  package func hostNames() throws -> [String] {
    // Eight bytes a call: names may differ in length, but the calls must not.
    var bytes = Array(hostName.utf8.prefix(64))
    bytes += Array(repeating: 0, count: 64 - bytes.count)
    var names = Array(repeating: [UInt8](), count: size)
    for start in stride(from: 0, to: 64, by: 8) {
      let word = bytes[start..<start + 8].reduce(0) { $0 << 8 | UInt64($1) }
      for (rank, part) in try allGather(word).enumerated() {
        withUnsafeBytes(of: part.bigEndian) { names[rank] += $0 }
      }
    }
    return names.map { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
  }
}
