import PlatformC

/// The CPU time that a Linux control group grants its processes together, as an average number of processors; a
/// container's `--cpus`, for example.
public struct CPUQuota: Equatable, Sendable {
  package var processors: Double
  /// Identifies the group on its machine: processes that share the quota have the same value.
  package var group: UInt64

  package init(processors: Double, group: UInt64) {
    self.processors = processors
    self.group = group
  }

  /// The quotas of this process's group and its ancestors.
  package static let current: [CPUQuota] = ControlGroup.all(of: "cpu").compactMap { group in
    guard
      let processors = processors(max: group.text("cpu.max") ?? "")
        ?? processors(
          quota: group.text("cpu.cfs_quota_us") ?? "", period: group.text("cpu.cfs_period_us") ?? "")
    else { return nil }
    var status = stat()
    guard stat(group.path, &status) == 0 else { return nil }
    return CPUQuota(processors: processors, group: UInt64(status.st_dev) << 48 ^ UInt64(status.st_ino))
  }

  /// The smallest current quota, in processors; nil for none.
  public static var least: Double? { current.map(\.processors).min() }

  /// From version 2's "50000 100000"; nil for "max 100000" and anything else.
  package static func processors(max text: String) -> Double? {
    let parts = text.split(whereSeparator: \.isWhitespace)
    return parts.count == 2 ? processors(quota: String(parts[0]), period: String(parts[1])) : nil
  }

  /// From version 1's two files, in microseconds; nil if the quota is -1.
  package static func processors(quota: String, period: String) -> Double? {
    func number(_ text: String) -> Double? {
      Int(text.filter { !$0.isWhitespace }).flatMap { $0 > 0 ? Double($0) : nil }
    }
    guard let quota = number(quota), let period = number(period) else { return nil }
    return quota / period
  }
}
