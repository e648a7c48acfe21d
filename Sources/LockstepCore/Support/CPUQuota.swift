#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// What a control group of Linux grants its processes together: so many processors in the mean. A container's `--cpus` is one.
public struct CPUQuota: Equatable, Sendable {
  public var processors: Double
  /// Equal for the processes that share it, on one machine.
  public var group: UInt64

  public init(processors: Double, group: UInt64) {
    self.processors = processors
    self.group = group
  }

  /// Those of this process's group and of the groups around it.
  public static let current: [CPUQuota] = directories(
    groups: text("/proc/self/cgroup"), mounts: text("/proc/self/mountinfo")
  ).compactMap { directory in
    guard
      let processors = processors(max: text("\(directory)/cpu.max"))
        ?? processors(
          quota: text("\(directory)/cpu.cfs_quota_us"), period: text("\(directory)/cpu.cfs_period_us"))
    else { return nil }
    var status = stat()
    guard stat(directory, &status) == 0 else { return nil }
    return CPUQuota(processors: processors, group: UInt64(status.st_dev) << 48 ^ UInt64(status.st_ino))
  }

  /// The least of them; nil where there is none.
  public static var least: Double? { current.map(\.processors).min() }

  /// The directories that may hold a limit of this process, the innermost first.
  ///
  /// - Parameters:
  ///   - groups: /proc/self/cgroup, lines of `4:cpu,cpuacct:/docker/12ab` (version 1) or `0::/user.slice` (version 2).
  ///   - mounts: /proc/self/mountinfo, lines of
  ///     `33 24 0:29 /docker/12ab /sys/fs/cgroup/cpu,cpuacct ro,nosuid - cgroup cgroup rw,cpu,cpuacct`.
  package static func directories(groups: String, mounts: String) -> [String] {
    groups.split(separator: "\n").flatMap { line -> [String] in
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false).map(String.init)
      guard parts.count == 3 else { return [] }
      let controllers = parts[1].split(separator: ",")
      guard parts[1].isEmpty || controllers.contains("cpu") else { return [] }
      guard let mount = mount(of: parts[1].isEmpty ? nil : "cpu", in: mounts) else { return [] }
      return walk(parts[2], mount)
    }
  }

  /// Where a hierarchy is mounted: version 2's, or the one of version 1 with this controller.
  private static func mount(of controller: String?, in mounts: String) -> (root: String, point: String)? {
    for line in mounts.split(separator: "\n") {
      let halves = line.split(separator: " - ", maxSplits: 1).map {
        $0.split(separator: " ").map(String.init)
      }
      guard halves.count == 2, halves[0].count > 4, let kind = halves[1].first else { continue }
      let options = halves[1].last?.split(separator: ",").map(String.init) ?? []
      let fits = controller.map { kind == "cgroup" && options.contains($0) } ?? (kind == "cgroup2")
      if fits { return (unescaped(halves[0][3]), unescaped(halves[0][4])) }
    }
    return nil
  }

  /// The group's directory and those above it, up to the mount: all that can be seen from in here.
  private static func walk(_ group: String, _ mount: (root: String, point: String)) -> [String] {
    var rest = group
    if mount.root != "/" {
      // A container's own part of the hierarchy; what lies outside of it is not mounted.
      rest =
        group == mount.root || group.hasPrefix(mount.root + "/")
        ? String(group.dropFirst(mount.root.count)) : ""
    }
    var names = rest.split(separator: "/")
    if names.contains("..") { names = [] }
    return (0...names.count).reversed().map {
      ([mount.point] + names[..<$0].map(String.init)).joined(separator: "/")
    }
  }

  /// The system writes spaces in paths as \040.
  private static func unescaped(_ path: String) -> String {
    path.split(separator: "\\040", omittingEmptySubsequences: false).joined(separator: " ")
  }

  /// Of version 2's "50000 100000"; nil of "max 100000", and of what is neither.
  package static func processors(max text: String) -> Double? {
    let parts = text.split(whereSeparator: \.isWhitespace)
    return parts.count == 2 ? processors(quota: String(parts[0]), period: String(parts[1])) : nil
  }

  /// Of version 1's two files, in microseconds; nil where the quota is -1.
  package static func processors(quota: String, period: String) -> Double? {
    func number(_ text: String) -> Double? {
      Int(text.filter { !$0.isWhitespace }).flatMap { $0 > 0 ? Double($0) : nil }
    }
    guard let quota = number(quota), let period = number(period) else { return nil }
    return quota / period
  }

  private static func text(_ path: String) -> String { wholeText(ofSystemFile: path) }
}

/// A file of the system's, which does not know its size; empty where it cannot be read.
package func wholeText(ofSystemFile path: String) -> String {
  let file = open(path, O_RDONLY | O_CLOEXEC)
  guard file >= 0 else { return "" }
  defer { close(file) }
  var bytes: [UInt8] = []
  var part = [UInt8](repeating: 0, count: 1 << 16)
  while true {
    let count = part.withUnsafeMutableBytes { read(file, $0.baseAddress!, $0.count) }
    guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
    bytes += part[..<count]
  }
}
