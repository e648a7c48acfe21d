import PlatformC

/// The processors that this process may use.
package enum Processors {
  /// The processors that Slurm gives each task; nil if it does not say.
  package static var ofTask: Int? {
    getenv("SLURM_CPUS_PER_TASK").flatMap { Int(String(cString: $0)) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// The processors that this process may run on, from the line "Cpus_allowed_list:\t0-3,8" of Linux's procfs; all
  /// processors on other systems.
  package static var allowed: Set<Int> {
    let title = "Cpus_allowed_list:"
    let line = (systemText("/proc/self/status") ?? "").split(separator: "\n").first {
      $0.hasPrefix(title)
    }
    return line.flatMap { numbers(in: String($0.dropFirst(title.count))) }
      ?? Set(0..<online)
  }

  package static var online: Int { max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1) }

  /// How many threads of this process can run at once: beyond that, spinning is of no use.
  static let atOnce = min(
    allowed.count, CPUQuota.least.map { max(Int($0 + 1e-6), 1) } ?? .max)

  /// The numbers in a list such as "0-3,8"; nil if it is malformed.
  package static func numbers(in list: String) -> Set<Int>? {
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
