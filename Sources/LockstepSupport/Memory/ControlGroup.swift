import PlatformC

/// A Linux control group that accounts for this process: a container's, a service's or a job's.
package struct ControlGroup: Equatable {
  package let path: String
  /// Whether it is of cgroup version 2, where all controllers share one tree.
  package let isUnified: Bool

  /// The process's own group for a controller and its ancestors, as far as they are mounted, from /proc/self/cgroup
  /// ("4:memory:/job", "0::/job") and /proc/self/mountinfo. Several trees may be mounted.
  package static func all(of controller: String, groups: String, mounts: String) -> [ControlGroup] {
    var paths: (own: String?, unified: String?)
    for line in groups.split(separator: "\n") {
      let parts = line.split(separator: ":", maxSplits: 2, omittingEmptySubsequences: false)
      guard parts.count == 3 else { continue }
      if parts[1].split(separator: ",").contains(Substring(controller)) { paths.own = String(parts[2]) }
      if parts[0] == "0", parts[1].isEmpty { paths.unified = String(parts[2]) }
    }
    return mounts.split(separator: "\n").flatMap { line -> [ControlGroup] in
      // Fields: number, parent, device, root, mount point, options, optional fields, "-", type, source, file system
      // options.
      let fields = line.split(separator: " ").map(String.init)
      guard let dash = fields.firstIndex(of: "-"), dash > 5, fields.count > dash + 3 else { return [] }
      let options = fields[dash + 3].split(separator: ",")
      let path: String? =
        switch fields[dash + 1] {
        case "cgroup2": paths.unified
        case "cgroup" where options.contains(Substring(controller)): paths.own
        default: nil
        }
      guard let path else { return [] }
      return chain(path, root: unescaped(fields[3]), at: unescaped(fields[4])).map {
        ControlGroup(path: $0, isUnified: fields[dash + 1] == "cgroup2")
      }
    }
  }

  /// The group's directory and its ancestors up to the mount point; only the mount point for a group outside the mount
  /// (in another namespace).
  private static func chain(_ path: String, root: String, at place: String) -> [String] {
    var inside = path.split(separator: "/")
    let above = root.split(separator: "/")
    guard inside.starts(with: above), !inside.contains("..") else { return [place] }
    inside.removeFirst(above.count)
    return (0...inside.count).reversed().map {
      ([Substring(place)] + inside.prefix($0)).joined(separator: "/")
    }
  }

  /// The system writes spaces in paths as \040.
  private static func unescaped(_ path: String) -> String {
    path.split(separator: "\\040", omittingEmptySubsequences: false).joined(separator: " ")
  }

  /// The groups of this process.
  static func all(of controller: String) -> [ControlGroup] {
    guard let groups = systemText("/proc/self/cgroup"), let mounts = systemText("/proc/self/mountinfo") else {
      return []
    }
    return all(of: controller, groups: groups, mounts: mounts)
  }

  func text(_ name: String) -> String? { systemText("\(path)/\(name)") }
}

/// The content of a procfs or sysfs file, which has no known size; nil if there is none.
package func systemText(_ path: String) -> String? {
  guard let file = fopen(path, "re") else { return nil }
  defer { fclose(file) }
  var text: [UInt8] = []
  var piece = [UInt8](repeating: 0, count: 1 << 14)
  while text.count < 1 << 22, case let count = fread(&piece, 1, piece.count, file), count > 0 {
    text += piece[..<count]
  }
  return String(decoding: text, as: UTF8.self)
}
