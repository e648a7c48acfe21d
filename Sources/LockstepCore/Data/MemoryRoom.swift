#if canImport(Darwin)
  import Darwin
#else
  import Glibc
#endif

/// How many bytes of memory this process can still take, as far as the system says: what the machine has available, what
/// the limits of its cgroups leave (a container's memory), and those of the process (`ulimit -v`, `ulimit -d`).
package enum MemoryRoom {
  package static var bytes: Int {
    let pages = textOfProc("self/statm").split(separator: " ").map { Int($0) ?? 0 }
    let (size, data) = pages.count > 5 ? (pages[0], pages[5]) : (0, 0)
    let pageSize = Int(sysconf(Int32(_SC_PAGESIZE)))
    return min(
      available(meminfo: textOfProc("meminfo")) ?? .max, left(of: .space, used: size * pageSize),
      left(of: .data, used: data * pageSize), roomOfGroups(textOfProc("self/cgroup")) { text(at: $0) })
  }

  /// MemAvailable in bytes.
  package static func available(meminfo: String) -> Int? {
    number(after: "MemAvailable:", in: meminfo).map { $0 * 1024 }
  }

  /// The least that the limits of this process's cgroups and those above them leave. Pages of files that nobody has used
  /// for a while count as free.
  package static func roomOfGroups(_ cgroup: String, read: (String) -> String?) -> Int {
    var room = Int.max
    for line in cgroup.split(separator: "\n") {
      let fields = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard fields.count == 3 else { continue }
      let isUnified = fields[1].isEmpty
      guard isUnified || fields[1].split(separator: ",").contains("memory") else { continue }
      let root = isUnified ? "/sys/fs/cgroup" : "/sys/fs/cgroup/memory"
      let names = isUnified ? ("max", "current") : ("limit_in_bytes", "usage_in_bytes")
      var path = fields[2].split(separator: "/")
      while true {
        let group = ([root] + path.map(String.init)).joined(separator: "/") + "/memory."
        if let limit = read(group + names.0).flatMap(number), let used = read(group + names.1).flatMap(number)
        {
          let key = isUnified ? "\ninactive_file " : "\ntotal_inactive_file "
          let unused = number(after: key, in: "\n" + (read(group + "stat") ?? "")) ?? 0
          room = min(room, max(limit - max(used - unused, 0), 0))
        }
        if path.popLast() == nil { break }
      }
    }
    return room
  }

  private enum Limit { case space, data }

  private static func left(of limit: Limit, used: Int) -> Int {
    var value = rlimit()
    #if canImport(Glibc)
      let name = __rlimit_resource_t((limit == .space ? RLIMIT_AS : RLIMIT_DATA).rawValue)
    #else
      let name = limit == .space ? RLIMIT_AS : RLIMIT_DATA
    #endif
    guard getrlimit(name, &value) == 0, value.rlim_cur < UInt64(Int.max) else { return .max }
    return max(Int(value.rlim_cur) - used, 0)
  }

  private static func number(_ text: String) -> Int? { Int(text.prefix { $0.isNumber }) }

  private static func number(after key: String, in text: String) -> Int? {
    guard let start = text.firstRange(of: key)?.upperBound else { return nil }
    return number(String(text[start...].drop { $0 == " " }.prefix(24)))
  }

  private static func textOfProc(_ name: String) -> String { text(at: "/proc/" + name) ?? "" }

  /// The kernel's own files say that they are empty: they are read to their end, or 64 KiB of them.
  private static func text(at path: String) -> String? {
    let file = open(path, O_RDONLY | O_CLOEXEC)
    guard file >= 0 else { return nil }
    defer { close(file) }
    var text: [UInt8] = []
    var piece = [UInt8](repeating: 0, count: 1 << 12)
    while text.count < 1 << 16 {
      let count = read(file, &piece, piece.count)
      guard count > 0 else { break }
      text += piece[..<count]
    }
    return String(decoding: text, as: UTF8.self)
  }
}

extension SharedMemory {
  /// Zeroed memory of a process alone.
  ///
  /// - Throws: LockstepError (.failure) where the system gives none.
  static func ofThisProcess(byteCount: Int) throws -> SharedMemory {
    let size = max(byteCount, 1)
    let address = mmap(nil, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANON, -1, 0)
    let reason = errno
    guard let address, address != MAP_FAILED else {
      throw LockstepError(
        .failure, "memory", expected: "\(size) bytes for the dataset",
        found: String(cString: strerror(reason)),
        fix: "Raise the limit (ulimit -v), or gunzip the files: raw ones are mapped where memory is short")
    }
    #if canImport(Glibc)
      // Fewer page faults at the start, and fewer misses where samples are read in random order.
      madvise(address, size, MADV_HUGEPAGE)
    #endif
    return SharedMemory(bytes: UnsafeMutableRawBufferPointer(start: address, count: byteCount)) {
      munmap(address, size)
    }
  }
}
