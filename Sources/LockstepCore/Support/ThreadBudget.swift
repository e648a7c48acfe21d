#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// How many threads a rank should use by default: the processors that it may run on, shared with the ranks of its node
/// that may run on the same ones.
public enum ThreadBudget {
  /// This rank's share. Collective.
  public static func share(_ collective: any Collective) throws -> Int {
    let mine = allowedProcessors
    // The mask in words of 64, gathered from all ranks with the node that each is on.
    let words = try collective.allGather(UInt64((mine.max() ?? 0) / 64 + 1)).max() ?? 1
    let hosts = try collective.allGather(collective.hostName.stableHash)
    var masks = [Set<Int>](repeating: [], count: collective.size)
    for word in 0..<Int(words) {
      let bits = mine.reduce(UInt64(0)) { $1 / 64 == word ? $0 | 1 << UInt64($1 % 64) : $0 }
      for (rank, mask) in try collective.allGather(bits).enumerated() {
        for bit in 0..<64 where mask >> UInt64(bit) & 1 == 1 { masks[rank].insert(word * 64 + bit) }
      }
    }
    let neighbours = (0..<collective.size).filter { hosts[$0] == hosts[collective.rank] }
    return share(of: mine, among: neighbours.map { masks[$0] })
  }

  /// Each processor counts as one over the number of ranks that may use it; at least one thread.
  package static func share(of mine: Set<Int>, among masks: [Set<Int>]) -> Int {
    let share = mine.reduce(0.0) { sum, processor in
      sum + 1 / Double(max(masks.count { $0.contains(processor) }, 1))
    }
    return max(1, Int(share + 1e-6))
  }

  /// The processors that this process may run on, from the line "Cpus_allowed_list:\t0-3,8" of Linux's procfs; all of
  /// them on systems that have none.
  private static var allowedProcessors: Set<Int> {
    var all: Set<Int> { Set(0..<max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1)) }
    guard let file = fopen("/proc/self/status", "r") else { return all }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 4096)
    while fgets(&line, Int32(line.count), file) != nil {
      let text = String(decoding: line.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
      if text.hasPrefix("Cpus_allowed_list:") { return processors(in: String(text.dropFirst(18))) ?? all }
    }
    return all
  }

  /// The numbers of a list such as "0-3,8"; nil where it is none.
  package static func processors(in list: String) -> Set<Int>? {
    var numbers: Set<Int> = []
    for part in list.filter({ !$0.isWhitespace }).split(separator: ",") {
      let ends = part.split(separator: "-").map { Int($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, 0...last ~= first, last < 1 << 16
      else {
        return nil
      }
      numbers.formUnion(first...last)
    }
    return numbers.isEmpty ? nil : numbers
  }
}
