import PlatformC

/// What a control group of Linux grants its processes together: so many processors in the mean. A container's
/// `--cpus` is one.
public struct CPUQuota: Equatable, Sendable {
  public var processors: Double
  /// Equal for the processes that share it, on one machine.
  public var group: UInt64

  public init(processors: Double, group: UInt64) {
    self.processors = processors
    self.group = group
  }

  /// Those of this process's group and of the groups around it.
  public static let current: [CPUQuota] = ControlGroup.all(of: "cpu").compactMap { group in
    guard
      let processors = processors(max: group.text("cpu.max") ?? "")
        ?? processors(
          quota: group.text("cpu.cfs_quota_us") ?? "", period: group.text("cpu.cfs_period_us") ?? "")
    else { return nil }
    var status = stat()
    guard stat(group.path, &status) == 0 else { return nil }
    return CPUQuota(processors: processors, group: UInt64(status.st_dev) << 48 ^ UInt64(status.st_ino))
  }

  /// The least of them; nil where there is none.
  public static var least: Double? { current.map(\.processors).min() }

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
}
