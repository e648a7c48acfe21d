import PlatformC

/// The processors of this machine, as far as this process may use them.
package enum Processors {
  /// What Slurm gives each task; nil where it does not say.
  package static var ofTask: Int? {
    getenv("SLURM_CPUS_PER_TASK").flatMap { Int(String(cString: $0)) }.flatMap { $0 > 0 ? $0 : nil }
  }

  /// The processors that this process may run on, from the line "Cpus_allowed_list:\t0-3,8" of Linux's procfs; all of
  /// them on systems that have none.
  package static var allowed: Set<Int> {
    let title = "Cpus_allowed_list:"
    let line = (systemText("/proc/self/status") ?? "").split(separator: "\n").first {
      $0.hasPrefix(title)
    }
    return line.flatMap { numbers(in: String($0.dropFirst(title.count))) }
      ?? Set(0..<online)
  }

  package static var online: Int { max(sysconf(Int32(_SC_NPROCESSORS_ONLN)), 1) }

  /// How many threads of this process can run at the same moment: more need not spin for each other.
  static let atOnce = min(
    allowed.count, CPUQuota.least.map { max(Int($0 + 1e-6), 1) } ?? .max)

  /// The numbers of a list such as "0-3,8"; nil where it is none.
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
