import LockstepSupport
import PlatformC

/// Heartbeats as UDP datagrams, for ranks that share no memory. A lost one is soon followed by the next.
///
/// MPI could not carry them: under MPI_THREAD_FUNNELED only the main thread may call it, the one that may be stuck.
struct HeartbeatSocket {
  /// For receiving and for sending.
  private let socket: InternetSocket
  /// Identifies the job: datagrams with another token are ignored.
  private let token: UInt64
  private var targets: [InternetAddress] = []

  /// nil if the system provides no socket.
  init?(token: UInt64) {
    guard let socket = InternetSocket(.datagrams), socket.bindAnywhere() else { return nil }
    self.socket = socket
    self.token = token
  }

  var descriptor: Int32 { socket.descriptor }
  var announcement: [UInt8] { socket.announcement }

  /// From now on sends to the socket of this announcement.
  mutating func addTarget(_ announcement: [UInt8]) { targets += InternetAddress.all(of: announcement) }

  func send(_ message: HeartbeatMessage, from rank: Int) {
    guard !Faults.losesDatagrams else { return }
    let bytes = message.bytes(token: token, rank: rank)
    for target in targets {
      _ = target.withPointer { sendto(socket.descriptor, bytes, bytes.count, 0, $0, $1) }
    }
  }

  /// The next message that has arrived; nil if there is none. `ranks`: their number.
  func receive(ranks: Int) -> (rank: Int, message: HeartbeatMessage)? {
    while case .bytes(let bytes) = socket.receive(upTo: HeartbeatMessage.byteCount + 1) {
      if let found = HeartbeatMessage.parse(bytes, token: token, ranks: ranks) { return found }
    }
    return nil
  }
}
