import LockstepSupport
import PlatformC
import Synchronization

/// Heartbeats over TCP, to watchers that datagrams do not reach: many firewalls let TCP alone pass.
///
/// A rank says hello with the job's token, and the watcher answers with it, because the address that was tried may be
/// another machine's: private networks have the same on each.
package final class HeartbeatStreams: Sendable {
  private struct State {
    var listener: InternetSocket?
    /// With the bytes of a message that has not come whole.
    var incoming: [(socket: InternetSocket, part: [UInt8])] = []
    var outgoing: [InternetSocket] = []
  }

  private let token: UInt64
  private let ranks: Int
  private let state = Mutex(State())

  package init(token: UInt64, ranks: Int) {
    self.token = token
    self.ranks = ranks
  }

  /// Listens from now on. Returns where; empty if the system provides no socket.
  package func listen() -> [UInt8] {
    guard !Faults.losesStreams, let socket = InternetSocket(.stream), socket.bindAnywhere(),
      PlatformC.listen(socket.descriptor, SOMAXCONN) == 0
    else { return [] }
    state.withLock { $0.listener = socket }
    return socket.announcement
  }

  /// Takes no more connections.
  package func stopListening() { state.withLock { $0.listener = nil } }

  /// Connects to the watcher of this announcement and from now on sends to it. Waits up to so many seconds for its
  /// answer; without one nothing is sent there.
  package func connect(to announcement: [UInt8], from rank: Int, seconds: Double) {
    let hello = HeartbeatMessage.hello.bytes(token: token, rank: rank)
    var tried = InternetAddress.all(of: announcement).compactMap { address -> InternetSocket? in
      guard let socket = InternetSocket(.stream) else { return nil }
      let code = address.withPointer { PlatformC.connect(socket.descriptor, $0, $1) }
      return code == 0 || errno == EINPROGRESS ? socket : nil
    }
    let end = monotonicSeconds() + seconds
    var greeted = Set<Int32>()
    while !tried.isEmpty, monotonicSeconds() < end {
      var waits = tried.map {
        pollfd(
          fd: $0.descriptor, events: Int16(greeted.contains($0.descriptor) ? POLLIN : POLLOUT), revents: 0)
      }
      guard poll(&waits, nfds_t(waits.count), 100) > 0 else { continue }
      for (socket, wait) in zip(tried, waits) where wait.revents != 0 {
        if greeted.insert(socket.descriptor).inserted {
          if socket.send(hello) != hello.count { tried.removeAll { $0 === socket } }
        } else if case .bytes(let answer) = socket.receive(upTo: 9), Array(answer) == self.answer {
          return state.withLock { $0.outgoing.append(socket) }
        } else {
          tried.removeAll { $0 === socket }
        }
      }
    }
  }

  private var answer: [UInt8] { withUnsafeBytes(of: token.littleEndian) { Array($0) } }

  package func send(_ message: HeartbeatMessage, from rank: Int) {
    let bytes = message.bytes(token: token, rank: rank)
    state.withLock { state in
      // A watcher that does not read has room for none, and misses this one; part of one would garble the next.
      state.outgoing.removeAll { socket in
        let sent = socket.send(bytes)
        return sent < 0 ? errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR : sent != bytes.count
      }
    }
  }

  /// All messages that have arrived.
  package func receive() -> [(rank: Int, message: HeartbeatMessage)] {
    state.withLock { state in
      // More than two a rank are somebody else's.
      while let socket = state.listener?.accept() {
        if state.incoming.count < 2 * ranks { state.incoming.append((socket, [])) }
      }
      var messages: [(rank: Int, message: HeartbeatMessage)] = []
      state.incoming = state.incoming.compactMap { socket, part in
        read(from: socket, after: part, into: &messages).map { (socket, $0) }
      }
      return messages
    }
  }

  /// What is left of a message that has not come whole; nil if the stream has ended or is no rank's.
  private func read(
    from socket: InternetSocket, after part: [UInt8],
    into messages: inout [(rank: Int, message: HeartbeatMessage)]
  ) -> [UInt8]? {
    var part = part
    while true {
      switch socket.receive(upTo: HeartbeatMessage.byteCount - part.count) {
      case .nothingYet: return part
      case .failure: return nil
      case .bytes(let bytes):
        guard !bytes.isEmpty else { return nil }
        part += bytes
      }
      guard part.count == HeartbeatMessage.byteCount else { continue }
      guard let found = HeartbeatMessage.parse(part, token: token, ranks: ranks) else { return nil }
      if found.message == .hello { _ = socket.send(answer) }
      messages.append(found)
      part = []
    }
  }
}
