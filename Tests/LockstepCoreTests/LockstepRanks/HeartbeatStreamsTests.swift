import LockstepRanks
import LockstepSupport
import Synchronization
import Testing

@Suite struct HeartbeatStreamsTests {
  private static let beat = HeartbeatMessage.beat(
    .init(
      count: 3, activity: .init(.starting, step: 7, answers: 5), call: .init(.broadcast, detail: 2, number: 9)
    ))
  let watcher = HeartbeatStreams(token: 0x0123_4567_89AB_CDEF, ranks: 4)

  /// What has arrived when the rank has connected, from each address of this machine. The watcher answers meanwhile.
  private func connect(_ rank: HeartbeatStreams, number: Int) -> [HeartbeatMessage] {
    let announcement = watcher.listen()
    let connected = Atomic<Bool>(false)
    let thread = BackgroundTask {
      rank.connect(to: announcement, from: number, seconds: 1)
      connected.store(true, ordering: .releasing)
    }
    var messages: [(rank: Int, message: HeartbeatMessage)] = []
    while !connected.load(ordering: .acquiring) { messages += watcher.receive() }
    thread.wait()
    #expect(messages.allSatisfy { $0.rank == number })
    return messages.map(\.message)
  }

  @Test func messagesArriveInOrder() {
    let rank = HeartbeatStreams(token: 0x0123_4567_89AB_CDEF, ranks: 4)
    let greetings = connect(rank, number: 2)
    #expect(!greetings.isEmpty && greetings.allSatisfy { $0 == .hello })
    for message in [Self.beat, .report, .end] { rank.send(message, from: 2) }
    var messages: [HeartbeatMessage] = []
    while messages.last != .end { messages += watcher.receive().map(\.message) }
    #expect(messages == [Self.beat, .report, .end])
  }

  /// Of another job, which has come to the same address.
  @Test func anotherTokenIsNotAnswered() {
    let stranger = HeartbeatStreams(token: 1, ranks: 4)
    #expect(connect(stranger, number: 2) == [])
    stranger.send(.end, from: 2)
    #expect(watcher.receive().isEmpty)
  }

  @Test func aListenerThatIsGoneIsNotReached() {
    let announcement = watcher.listen()
    watcher.stopListening()
    let rank = HeartbeatStreams(token: 0x0123_4567_89AB_CDEF, ranks: 4)
    rank.connect(to: announcement, from: 1, seconds: 1)
    rank.send(.end, from: 1)
    #expect(watcher.receive().isEmpty)
  }

  @Test(arguments: [HeartbeatMessage.hello, beat, .report, .end])
  func comesBack(_ message: HeartbeatMessage) throws {
    let found = try #require(
      HeartbeatMessage.parse(message.bytes(token: 5, rank: 3), token: 5, ranks: 4))
    #expect(found.rank == 3 && found.message == message)
  }

  /// Another length, token, rank or kind.
  @Test func whatIsNoMessageIsRefused() {
    let good = HeartbeatMessage.end.bytes(token: 5, rank: 3)
    var kind = good
    kind[16] = 4
    var huge = good
    huge[15] = 0x80
    for bytes in [[], Array(good.dropLast()), good + [0], kind, huge] {
      #expect(HeartbeatMessage.parse(bytes, token: 5, ranks: 4) == nil)
    }
    #expect(HeartbeatMessage.parse(good, token: 6, ranks: 4) == nil)
    #expect(HeartbeatMessage.parse(good, token: 5, ranks: 3) == nil)
  }
}
