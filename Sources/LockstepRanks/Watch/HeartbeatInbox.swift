import Synchronization

/// The latest heartbeat of each rank that came by datagram. The thread that receives fills it, the main thread looks
/// in.
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
      while let (rank, message) = socket.receive(ranks: slots.count) {
        switch message {
        case .beat(let beat): slots[rank] = Slot(beat: beat, isHeard: true)
        case .end: slots[rank] = Slot(beat: nil, isHeard: true, hasEnded: true)
        case .report: reported.store(true, ordering: .relaxed)
        }
      }
    }
  }

  /// Whether a rank has told of a stall.
  var hasReport: Bool { reported.load(ordering: .relaxed) }

  /// A rank's latest; nil where it has ended or is given up.
  subscript(rank: Int) -> StallDetector.Beat? { slots.withLock { $0[rank].beat } }

  func hasEnded(_ rank: Int) -> Bool { slots.withLock { $0[rank].hasEnded } }

  /// The ranks among these that no datagram has come from.
  func unheard(of ranks: [Int]) -> [Int] { slots.withLock { slots in ranks.filter { !slots[$0].isHeard } } }

  /// What does not reach this rank is not watched from here.
  func giveUp(_ ranks: [Int]) { slots.withLock { slots in for rank in ranks { slots[rank].beat = nil } } }
}
