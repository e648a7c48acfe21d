import PlatformC

/// An IPv4 address and port, in network order.
struct InternetAddress {
  let number: UInt32
  let port: UInt16

  /// Every address of an announcement, because only its host knows which of them can be reached.
  static func all(of announcement: [UInt8]) -> [InternetAddress] {
    guard announcement.count >= 2 else { return [] }
    return announcement.withUnsafeBytes { bytes in
      let port = bytes.loadUnaligned(as: UInt16.self)
      return stride(from: 2, to: bytes.count - 3, by: 4).map {
        InternetAddress(number: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self), port: port)
      }
    }
  }

  /// Includes loopback, for ranks of this host.
  static var ofThisHost: [UInt32] {
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

  func withPointer<T>(_ body: (UnsafePointer<sockaddr>, socklen_t) -> T) -> T {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port
    address.sin_addr.s_addr = number
    return withUnsafePointer(to: &address) {
      $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }
}
