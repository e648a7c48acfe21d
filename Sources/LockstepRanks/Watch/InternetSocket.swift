import PlatformC

/// A socket of IPv4 that is closed with its last reference, is not handed to other programs, and never blocks.
final class InternetSocket: Sendable {
  enum Kind { case datagrams, stream }
  let descriptor: Int32

  /// nil if the system provides none.
  convenience init?(_ kind: Kind) {
    #if canImport(Glibc)
      let number = Int32((kind == .datagrams ? SOCK_DGRAM : SOCK_STREAM).rawValue)
    #else
      let number = kind == .datagrams ? SOCK_DGRAM : SOCK_STREAM
    #endif
    self.init(descriptor: socket(AF_INET, number, 0))
  }

  private init?(descriptor: Int32) {
    guard descriptor >= 0 else { return nil }
    self.descriptor = descriptor
    _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
    _ = fcntl(descriptor, F_SETFL, O_NONBLOCK)
    #if canImport(Darwin)
      var yes: Int32 = 1
      setsockopt(descriptor, SOL_SOCKET, SO_NOSIGPIPE, &yes, socklen_t(MemoryLayout<Int32>.size))
    #endif
  }

  deinit { close(descriptor) }

  /// To a port of the system's choice, on all addresses. False if there is none.
  func bindAnywhere() -> Bool {
    InternetAddress(number: 0, port: 0).withPointer { bind(descriptor, $0, $1) } == 0
  }

  /// A listening stream's next connection; nil if none waits.
  func accept() -> InternetSocket? { InternetSocket(descriptor: PlatformC.accept(descriptor, nil, nil)) }

  /// Where others can reach this socket, as bytes: its port, then each IPv4 address of this host, all in network order.
  var announcement: [UInt8] {
    var own = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &own) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { getsockname(descriptor, $0, &length) }
    }
    guard code == 0 else { return [] }
    return withUnsafeBytes(of: own.sin_port) { Array($0) }
      + InternetAddress.ofThisHost.flatMap { address in withUnsafeBytes(of: address) { Array($0) } }
  }

  /// The number of bytes that were sent; -1 as `send`. A reader that went away raises no signal.
  func send(_ bytes: [UInt8]) -> Int {
    #if canImport(Darwin)
      PlatformC.send(descriptor, bytes, bytes.count, 0)
    #else
      PlatformC.send(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL))
    #endif
  }

  /// Up to `count` bytes that have arrived, or one datagram.
  func receive(upTo count: Int) -> Received {
    var bytes = [UInt8](repeating: 0, count: count)
    while true {
      let got = recv(descriptor, &bytes, count, 0)
      if got < 0, errno == EINTR { continue }
      if got < 0 { return errno == EAGAIN || errno == EWOULDBLOCK ? .nothingYet : .failure }
      return .bytes(bytes.prefix(got))
    }
  }

  enum Received {
    /// None at the end of a stream.
    case bytes(ArraySlice<UInt8>)
    case nothingYet, failure
  }
}
