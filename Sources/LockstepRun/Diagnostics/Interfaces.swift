import LockstepSupport
import PlatformC

/// The network interfaces of this host over which other hosts may be reached.
enum Interfaces {
  /// "eth0 10.0.0.1": those that are up and have an IPv4 address, without the loopback.
  static var current: [String] {
    var first: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&first) == 0 else { return [] }
    defer { freeifaddrs(first) }
    var found: [String] = []
    var next = first
    while let entry = next?.pointee {
      next = entry.ifa_next
      let flags = Int(entry.ifa_flags)
      guard let address = entry.ifa_addr, Int32(address.pointee.sa_family) == AF_INET,
        flags & Int(IFF_UP) != 0, flags & Int(IFF_LOOPBACK) == 0
      else { continue }
      found.append("\(String(cString: entry.ifa_name)) \(text(of: address))")
    }
    return found.sorted()
  }

  /// Bridges of containers and virtual machines, which have the same addresses on every host: MPI that takes one for a
  /// way to the others waits for ever (ompi#6377, ompi#10926).
  static func isBridge(_ interface: String) -> Bool {
    let names: [String] = ["docker", "virbr", "lxcbr", "podman", "cni", "br-"]
    return names.contains { interface.hasPrefix($0) }
  }

  /// Whether the user or the launcher has told Open MPI which to take.
  static var areChosen: Bool {
    getenv("OMPI_MCA_btl_tcp_if_include") != nil || getenv("OMPI_MCA_btl_tcp_if_exclude") != nil
  }

  private static func text(of address: UnsafeMutablePointer<sockaddr>) -> String {
    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
      var (internet, text) = ($0.pointee.sin_addr, [CChar](repeating: 0, count: 16))
      inet_ntop(AF_INET, &internet, &text, 16)
      return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }
  }
}
