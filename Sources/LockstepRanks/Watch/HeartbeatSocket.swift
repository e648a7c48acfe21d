import LockstepSupport
import PlatformC

/// Heartbeats as UDP datagrams, for ranks that share no memory. A lost one is soon followed by the next.
///
/// MPI could not carry them: under MPI_THREAD_FUNNELED only the main thread may call it, the one that may be stuck.
final class HeartbeatSocket: @unchecked Sendable {
  enum Message {
    case beat(StallDetector.Beat)
    /// The rank has ended.
    case end
    /// The rank has reported a stall, and ends the job.
    case report

    fileprivate var number: UInt64 {
      switch self {
      case .beat: 0
      case .end: 1
      case .report: 2
      }
    }
  }

  /// For receiving or for sending.
  let descriptor: Int32
  /// Identifies the job: datagrams with another token are ignored.
  private let token: UInt64
  private var targets: [sockaddr_in] = []
  private static let wordCount = 7

  /// nil if the system provides no socket.
  init?(token: UInt64) {
    #if canImport(Glibc)
      descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0)
    #else
      descriptor = socket(AF_INET, SOCK_DGRAM, 0)
    #endif
    guard descriptor >= 0 else { return nil }
    self.token = token
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    var any = Self.address(0, port: 0)
    guard Self.withSocketAddress(&any, { bind(descriptor, $0, $1) }) == 0 else { return nil }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Where others can reach this socket, as bytes: its port, then each IPv4 address of this host, all in network order.
  var announcement: [UInt8] {
    var own = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &own) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard code == 0 else { return [] }
    return withUnsafeBytes(of: own.sin_port) { Array($0) }
      + Self.hostAddresses.flatMap { address in withUnsafeBytes(of: address) { Array($0) } }
  }

  /// From now on sends to the socket of this announcement, on every address, because only its host knows which of them
  /// can be reached.
  func addTarget(_ announcement: [UInt8]) {
    guard announcement.count >= 2 else { return }
    func load<T: FixedWidthInteger>(_ offset: Int, as type: T.Type) -> T {
      announcement.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: type) }
    }
    let port = load(0, as: UInt16.self)
    for offset in stride(from: 2, to: announcement.count - 3, by: 4) {
      targets.append(Self.address(load(offset, as: UInt32.self), port: port))
    }
  }

  func send(_ message: Message, from rank: Int) {
    var words = [token, UInt64(rank), message.number, 0, 0, 0, 0]
    if case .beat(let beat) = message {
      words.replaceSubrange(
        3..., with: [beat.count, beat.activity.word, beat.activity.answers, beat.call.word])
    }
    words = words.map(\.littleEndian)
    for index in targets.indices {
      _ = words.withUnsafeBytes { bytes in
        Self.withSocketAddress(&targets[index]) {
          sendto(descriptor, bytes.baseAddress, bytes.count, 0, $0, $1)
        }
      }
    }
  }

  /// The next message that has arrived; nil if there is none. `ranks`: their number.
  func receive(ranks: Int) -> (rank: Int, message: Message)? {
    var words = [UInt64](repeating: 0, count: Self.wordCount + 1)
    while true {
      let count = words.withUnsafeMutableBytes { recv(descriptor, $0.baseAddress, $0.count, 0) }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { return nil }
      let fields = words.map(UInt64.init(littleEndian:))
      guard count == Self.wordCount * 8, fields[0] == token, fields[1] < ranks else { continue }
      let message: Message =
        switch fields[2] {
        case 0:
          .beat(
            .init(
              count: fields[3], activity: .init(word: fields[4], answers: fields[5]),
              call: .init(word: fields[6])))
        case 1: .end
        default: .report
        }
      return (Int(fields[1]), message)
    }
  }

  /// In network order; includes loopback, for ranks of this host.
  private static var hostAddresses: [UInt32] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [UInt32(INADDR_LOOPBACK).bigEndian] }
    defer { freeifaddrs(list) }
    return sequence(first: list, next: { $0?.pointee.ifa_next }).compactMap { entry in
      guard let entry = entry?.pointee, let address = entry.ifa_addr, address.pointee.sa_family == AF_INET,
        entry.ifa_flags & 1 != 0  // IFF_UP
      else { return nil }
      return address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) { $0.pointee.sin_addr.s_addr }
    }
  }

  private static func address(_ address: UInt32, port: UInt16) -> sockaddr_in {
    var result = sockaddr_in()
    result.sin_family = sa_family_t(AF_INET)
    result.sin_port = port
    result.sin_addr.s_addr = address
    return result
  }

  private static func withSocketAddress<T>(
    _ address: inout sockaddr_in, _ body: (UnsafePointer<sockaddr>, socklen_t) -> T
  ) -> T {
    withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
