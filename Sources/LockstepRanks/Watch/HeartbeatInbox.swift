import Synchronization

/// The latest heartbeat that each rank has sent by datagram or stream. The receiving thread writes, the main thread
/// reads.
final class HeartbeatInbox: Sendable {
  private struct Slot {
    var beat: StallDetector.Beat? = .init(count: 0, activity: .init(.starting, step: 0, answers: 0))
    var isHeard = false
    var hasEnded = false
  }

  private let slots: Mutex<[Slot]>
  private let reported = Atomic<Bool>(false)

  init(ranks: Int) { slots = Mutex(Array(repeating: Slot(), count: ranks)) }

  func receive(from socket: HeartbeatSocket) {
    slots.withLock { slots in
      while let (rank, message) = socket.receive(ranks: slots.count) { note(message, of: rank, in: &slots) }
    }
  }

  func receive(from streams: HeartbeatStreams) {
    let messages = streams.receive()
    slots.withLock { slots in for (rank, message) in messages { note(message, of: rank, in: &slots) } }
  }

  private func note(_ message: HeartbeatMessage, of rank: Int, in slots: inout [Slot]) {
    switch message {
    case .hello: slots[rank].isHeard = true
    case .beat(let beat): slots[rank] = Slot(beat: beat, isHeard: true)
    case .end: slots[rank] = Slot(beat: nil, isHeard: true, hasEnded: true)
    case .report: reported.store(true, ordering: .relaxed)
    }
  }

  /// Whether a rank has reported a stall.
  var hasReport: Bool { reported.load(ordering: .relaxed) }

  /// A rank's latest heartbeat; nil if it has ended or is no longer watched.
  subscript(rank: Int) -> StallDetector.Beat? { slots.withLock { $0[rank].beat } }

  func hasEnded(_ rank: Int) -> Bool { slots.withLock { $0[rank].hasEnded } }

  /// Those of these ranks from which nothing has arrived.
  func unheard(of ranks: [Int]) -> [Int] { slots.withLock { slots in ranks.filter { !slots[$0].isHeard } } }

  /// Stops watching ranks whose heartbeats do not reach this one.
  func giveUp(_ ranks: [Int]) { slots.withLock { slots in for rank in ranks { slots[rank].beat = nil } } }
}
