import LockstepSupport
import PlatformC
import Synchronization

/// The state of a watch's thread.
final class StallWatchState: @unchecked Sendable {
  let members: WatchMembers
  let isEnding = Atomic<Bool>(false)
  private let interval: Double
  private let table: HeartbeatTable?
  /// nil if all ranks share memory with this one. Only watchers receive.
  private let socket: HeartbeatSocket?
  /// To watchers that the socket's datagrams do not reach.
  let streams: HeartbeatStreams
  let inbox: HeartbeatInbox
  private var detector: StallDetector
  private var count: UInt64 = 0
  private var foundAt: Double?
  /// Writing to it ends the thread's sleep.
  private var pipe: (read: Int32, write: Int32) = (-1, -1)

  private let endProcess: StallWatch.End

  /// Collective.
  init(
    timeout: Double, words: StallWatch.Words, collective: any Collective, end: @escaping StallWatch.End
  ) throws {
    endProcess = end
    interval = min(1, timeout / 8)
    // Without room for it, the ranks of a node treat each other as ranks of other nodes.
    let isForbidden = try collective.allGather(Faults.forbidsHeartbeatTable ? 1 : 0).contains(1)
    let memory =
      isForbidden
      ? nil : try? collective.allocateShared(byteCount: HeartbeatTable.byteCount(ranks: collective.nodeSize))
    table = memory.map { HeartbeatTable($0, ranks: collective.nodeSize) }
    members = try WatchMembers(collective, sharesTable: table != nil, words: words)
    detector = StallDetector(ranks: collective.size, timeout: timeout, interval: interval)
    inbox = HeartbeatInbox(ranks: collective.size)
    let token = try Self.agreeOnToken(collective)
    streams = HeartbeatStreams(token: token, ranks: collective.size)
    socket = try Self.makeSocket(members, token: token, collective)
    Activity.startTelling(in: table?.activityWords(of: members.ownRow))
    var ends: [Int32] = [-1, -1]
    if makePipe(&ends) == 0 { pipe = (ends[0], ends[1]) }
  }

  deinit { for end in [pipe.read, pipe.write] where end >= 0 { close(end) } }

  var usesSockets: Bool { members.watchers.count > 1 }

  func wake() { _ = writeAll([0], to: pipe.write) }

  /// The thread's loop. If the system provides no thread and this is the main one, the rank is not watched.
  func run() {
    while !Activity.isMainThread, !isEnding.load(ordering: .relaxed) {
      beat()
      look()
      sleep()
    }
    table?.end(members.ownRow)
    tell(.end)
  }

  /// By all ways across nodes.
  private func tell(_ message: HeartbeatMessage) {
    socket?.send(message, from: members.rank)
    streams.send(message, from: members.rank)
  }

  private var ownBeat: StallDetector.Beat {
    .init(count: count, activity: Activity.snapshot, call: CollectiveCall(word: Activity.wait))
  }

  private func beat() {
    count += 1
    let beat = ownBeat
    table?.write(beat, to: members.ownRow)
    tell(.beat(beat))
  }

  private func sleep() {
    var waits = [pollfd(fd: pipe.read, events: Int16(POLLIN), revents: 0)]
    if members.isWatcher, let socket {
      waits.append(pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0))
    }
    let end = monotonicSeconds() + interval
    while !isEnding.load(ordering: .relaxed) {
      let left = end - monotonicSeconds()
      guard left > 0 else { return }
      // When a rank is lost, mpirun gives the others a second.
      _ = poll(&waits, nfds_t(waits.count), Int32((min(left, 0.2) * 1000).rounded(.up)))
      noteLost()
      guard members.isWatcher else { continue }
      if let socket { inbox.receive(from: socket) }
      inbox.receive(from: streams)
    }
  }

  /// When a rank is lost, the launcher asks the others to stop, and then kills them.
  private func noteLost() {
    guard StopRequest.isRaised else { return }
    let ended = ended
    guard let rank = members.lost.first(where: { !ended.contains($0) }) else { return }
    let activity = members.group.firstIndex(of: rank).flatMap { table?.beat(of: $0)?.activity }
    LastWords.say(members.message(lost: rank, at: activity))
  }

  private func look() {
    var beats = [StallDetector.Beat?](repeating: nil, count: members.size)
    for (row, rank) in members.group.enumerated() { beats[rank] = table?.beat(of: row) }
    if members.isWatcher {
      let unheard = isSettled ? [] : Set(inbox.unheard(of: members.others))
      for rank in members.others where !unheard.contains(rank) { beats[rank] = inbox[rank] }
    }
    beats[members.rank] = ownBeat
    let now = monotonicSeconds()
    let stalls = detector.check(now: now, beats: beats)
    let mismatch =
      stalls.isEmpty && members.seesAll ? detector.mismatch(nodes: members.nodes, ended: ended) : nil
    if inbox.hasReport { table?.claimReport() }
    let isTold = inbox.hasReport || table?.isReportClaimed == true
    guard isTold || !stalls.isEmpty || mismatch != nil else { return foundAt = nil }
    let found = foundAt ?? now
    foundAt = found
    // By now the launcher would have ended this process.
    let isLate = now - found > 5
    if isTold {
      if let stall = stalls.first {
        LastWords.say(members.message(stall, others: stalls.count - 1))
      } else if now - found > interval {
        LastWords.say("another rank has found one that is stalled, and reported it")
      }
      if isLate { endProcess(nil) }
    } else if let stall = stalls.first {
      if isLate || teller(of: stall, among: stalls) == members.rank {
        end(members.message(stall, others: stalls.count - 1))
      }
    } else if let mismatch, isLate || members.seers.first(where: detector.isFresh) == members.rank {
      end(members.message(mismatch))
    }
  }

  /// After so long ranks have found a way to reach the watchers, and one that was never heard of is not there.
  private var isSettled: Bool { Double(count) * interval > 15 }

  /// The ranks known here to have ended.
  private var ended: Set<Int> {
    var ended = Set(members.others.filter { inbox.hasEnded($0) })
    for (row, rank) in members.group.enumerated() where table?.hasEnded(row) == true { ended.insert(rank) }
    return ended
  }

  /// The lowest live rank that sees the stall, preferably one that is not itself stuck in the file system.
  private func teller(of stall: StallDetector.Stall, among stalls: [StallDetector.Stall]) -> Int {
    let stalled = Set(stalls.map(\.rank))
    let live = members.observers(of: stall.rank).filter { detector.isFresh($0) }
    return live.first { !stalled.contains($0) } ?? live.first ?? members.rank
  }

  /// Reports it, unless another rank of this node has, and ends this process, whereupon the launcher ends the others:
  /// only the main thread may call MPI_Abort.
  private func end(_ message: String) -> Never {
    let isFirst = table?.claimReport() ?? true
    if isFirst { tell(.report) }
    LastWords.say(message)
    // Once this process has ended, the launcher ends rank 0 as well, which logs it.
    if members.rank != 0, detector.isFresh(0) { usleep(UInt32(2.1 * interval * 1_000_000)) }
    endProcess(isFirst ? message : nil)
  }
}

// Has its own name, because a member above hides the system's function.
private func makePipe(_ ends: UnsafeMutablePointer<Int32>) -> Int32 { pipe(ends) }

func monotonicSeconds() -> Double {
  var now = timespec()
  clock_gettime(CLOCK_MONOTONIC, &now)
  return Double(now.tv_sec) + Double(now.tv_nsec) * 1e-9
}
