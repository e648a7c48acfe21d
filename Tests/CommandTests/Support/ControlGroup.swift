import Foundation

/// A control group with a CPU quota, removed with the last reference to it.
final class ControlGroup {
  private let path: String
  private static let version1 = "/sys/fs/cgroup/cpu"
  private static let version2 = "/sys/fs/cgroup"

  static let isAvailable: Bool = (try? ControlGroup(quota: 1_000_000, period: 100_000)) != nil

  /// In microseconds. Throws if this user may not create a group.
  init(quota: Int, period: Int) throws {
    let isVersion1 = access(Self.version1 + "/cpu.cfs_quota_us", F_OK) == 0
    path = (isVersion1 ? Self.version1 : Self.version2) + "/lockstep-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: false)
    if isVersion1 {
      try write(String(period), to: "cpu.cfs_period_us")
      try write(String(quota), to: "cpu.cfs_quota_us")
    } else {
      try write("\(quota) \(period)", to: "cpu.max")
    }
  }

  deinit { rmdir(path) }

  private func write(_ text: String, to name: String) throws {
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(path)/\(name)"))
    try file.write(contentsOf: Data(text.utf8))
  }

  /// Runs a command in the group.
  func run(_ command: [String]) throws -> CommandResult {
    let enter = "echo $$ >\"$0/cgroup.procs\" && exec \"$@\""
    return try Launch.takingTurns {
      try CommandTests.run("sh", ["-c", enter, path] + command)
    }
  }
}
