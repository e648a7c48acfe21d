import PlatformC

/// How many bytes are still available, and what limits them.
package struct MemoryLimit: Equatable {
  package var bytes: Double
  /// For messages: "what ulimit -v leaves".
  package var name: String

  package init(bytes: Double, name: String) {
    self.bytes = bytes
    self.name = name
  }

  /// The tightest of all limits on this process, in bytes.
  package static var room: Double {
    (ofProcess + (ofNode.map { [$0] } ?? [])).map(\.bytes).min() ?? .infinity
  }

  /// The limits on this process alone.
  package static var ofProcess: [MemoryLimit] {
    // In pages: field 0 is all mapped memory, field 5 the data in it.
    let pages = systemText("/proc/self/statm").map { $0.split(separator: " ").map { Double($0) ?? 0 } } ?? []
    func used(_ field: Int) -> Double {
      pages.count > field ? pages[field] * Double(sysconf(Int32(_SC_PAGESIZE))) : 0
    }
    var limits: [MemoryLimit] = []
    func add(_ resource: Resource, used: Double, _ name: String) {
      if let limit = limit(on: resource) {
        limits.append(MemoryLimit(bytes: max(limit - used, 0), name: name))
      }
    }
    add(RLIMIT_AS, used: used(0), "what is left of the address space that ulimit -v grants a process")
    add(RLIMIT_DATA, used: used(5), "what is left of the data that ulimit -d grants a process")
    return limits
  }

  /// The limit on all ranks of this node together: the tightest of free memory and control groups. nil if unknown.
  package static var ofNode: MemoryLimit? {
    var limits = ControlGroup.all(of: "memory").compactMap(ofGroup)
    if let free = systemText("/proc/meminfo").flatMap(available) {
      limits.append(MemoryLimit(bytes: free, name: "the memory that is free on this machine"))
    }
    return limits.min { $0.bytes < $1.bytes }
  }

  /// Available memory in bytes, from /proc/meminfo.
  package static func available(meminfo: String) -> Double? {
    for line in meminfo.split(separator: "\n") where line.hasPrefix("MemAvailable:") {
      return line.split(separator: " ").dropFirst().first.flatMap { Double($0) }.map { 1024 * $0 }
    }
    return nil
  }

  private static func ofGroup(_ group: ControlGroup) -> MemoryLimit? {
    let names =
      group.isUnified
      ? (limit: "memory.max", usage: "memory.current", cache: "inactive_file")
      : (limit: "memory.limit_in_bytes", usage: "memory.usage_in_bytes", cache: "total_inactive_file")
    return group.text(names.limit).flatMap {
      left(of: $0, usage: group.text(names.usage), stat: group.text("memory.stat"), cache: names.cache)
    }.map {
      MemoryLimit(bytes: $0, name: "what is left of the memory that the control group \(group.path) allows")
    }
  }

  /// A group's limit less its usage, not counting cached files, which the system can reclaim; nil for no limit ("max",
  /// or version 1's huge number).
  package static func left(of limit: String, usage: String?, stat: String?, cache: String) -> Double? {
    func number(_ text: String) -> Double? { Double(text.filter { !$0.isWhitespace }) }
    guard let limit = number(limit), limit < 0x1p60 else { return nil }
    let cached = (stat ?? "").split(separator: "\n").first { $0.hasPrefix(cache + " ") }
      .flatMap { number(String($0.dropFirst(cache.count))) }
    return max(limit - max((usage.flatMap(number) ?? 0) - (cached ?? 0), 0), 0)
  }
}

extension Double {
  /// "12.8 GB", "640 MB".
  package var inBytes: String {
    self >= 1e9 ? "\(fixed(self * 1e-9, 1)) GB" : "\(fixed((self * 1e-6).rounded(.up), 0)) MB"
  }
}
