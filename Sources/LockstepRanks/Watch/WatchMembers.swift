import LockstepSupport
import PlatformC

/// Who watches whom.
struct WatchMembers: Sendable {
  let rank: Int
  let size: Int
  /// The ranks whose heartbeats stand in one table with this one's, by their row.
  let group: [Int]
  /// The ranks that all others send datagrams to: the first ranks of the first groups. Two suffice for any one rank
  /// to be seen by another; where several stop at once, more are better.
  let watchers: [Int]
  let hosts: [String]
  /// The first rank of each rank's node.
  let nodes: [Int]
  private let processes: [Int]
  /// The other ranks of the group whose processes can be asked for here: those of another container cannot.
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
  /// Those outside of the group.
  var others: [Int] { leaders.indices.filter { leaders[$0] != leaders[rank] } }

  /// The ranks that see a rank's heartbeat: those of its group, who see each other, and then the watchers, who see all.
  func observers(of rank: Int) -> [Int] {
    let own = leaders.indices.filter { leaders[$0] == leaders[rank] }
    return own + watchers.filter { leaders[$0] != leaders[rank] }
  }

  /// The ranks of the group whose processes are gone.
  var lost: [Int] { visible.filter { !isThere(processes[$0]) } }

  /// What is noted of a rank that is lost; mpirun tells of it.
  func message(lost rank: Int, at activity: Activity.Snapshot?) -> String {
    let place = activity.map { "; it was last seen in: \(words.describe($0.phase, $0.step))" } ?? ""
    return "\(name(rank)) has been killed, or has crashed\(place)"
  }

  /// What is told of a stalled rank; `others` are stalled as well.
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

  /// What is told of ranks that wait for different things.
  func message(_ mismatch: StallDetector.Mismatch) -> String {
    let other =
      mismatch.otherCall.map { "waits in \($0.description)" } ?? "has come to its end without"
    return
      "for \(fixed(mismatch.seconds, mismatch.seconds < 10 ? 1 : 0)) s all ranks have waited for each other: "
      + "\(name(mismatch.rank)) in \(mismatch.call.description), while \(name(mismatch.other)) \(other). They do not "
      + "take the same way, which is a fault of Lockstep or of this installation: please report it, and \(words.advice)"
  }

  private func name(_ rank: Int) -> String { "rank \(rank) on \(hosts[rank]) (pid \(processes[rank]))" }

  /// Whether this rank sees what each other one waits for.
  var seesAll: Bool { others.isEmpty || isWatcher }
  /// All that do.
  var seers: [Int] { leaders.indices.filter { leader in watchers.count < 2 || watchers.contains(leader) } }
}

private func isThere(_ process: Int) -> Bool { kill(pid_t(process), 0) == 0 || errno != ESRCH }

extension Collective {
  /// Every rank's host, by rank. Collective.
  package func hostNames() throws -> [String] {
    // Eight bytes a call: names may differ in length, and so may not the calls.
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
