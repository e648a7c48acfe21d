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

  /// Runs `body` with this thread, and those that it starts, on these processors alone, and then lets it run where it
  /// could before. Where the system cannot do so, `body` is run as it is.
  package static func confined<T>(to processors: some Collection<Int>, _ body: () throws -> T) rethrows -> T {
    let former = allowed
    confine(to: processors)
    defer { confine(to: former) }
    return try body()
  }

  private static func confine(to processors: some Collection<Int>) {
    // Glibc shows Swift no functions that are Linux's alone; other systems have none of this name.
    guard let symbol = dlsym(nil, "sched_setaffinity") else { return }
    typealias SetAffinity = @convention(c) (pid_t, Int, UnsafeRawPointer?) -> Int32
    var mask = [UInt](repeating: 0, count: (1 << 16) / UInt.bitWidth)
    for number in processors { mask[number / UInt.bitWidth] |= 1 << UInt(number % UInt.bitWidth) }
    mask.withUnsafeBytes { _ = unsafeBitCast(symbol, to: SetAffinity.self)(0, $0.count, $0.baseAddress) }
  }

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
