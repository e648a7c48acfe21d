import LockstepSupport
import PlatformC

/// The files that this user's processes have open or mapped, identified by the components of their paths: a path may
/// contain symbolic links, and device and inode numbers differ between the places where a kernel shows them.
struct UsedFiles {
  private var names: Set<Substring> = []

  /// Collects the paths that contain one of `marks`. nil if the system does not show them.
  init?(namesWith marks: [String]) {
    guard !(systemText("/proc/self/maps") ?? "").isEmpty else { return nil }
    for process in fileNames(in: "/proc") where process.allSatisfy(\.isNumber) {
      // Open files first: a file that is mapped and then closed in between is still seen in the maps.
      let directory = "/proc/\(process)/fd"
      for file in fileNames(in: directory) { add(Self.link("\(directory)/\(file)"), marks) }
      for line in (systemText("/proc/\(process)/maps") ?? "").split(separator: "\n") { add(line, marks) }
    }
  }

  /// Whether a used path has this component.
  func contains(_ name: String) -> Bool { names.contains(name[...]) }

  private mutating func add(_ path: some StringProtocol, _ marks: [String]) {
    guard let slash = path.firstIndex(of: "/") else { return }
    let path = String(path[slash...])
    guard marks.contains(where: path.contains) else { return }
    names.formUnion(path.split(separator: "/"))
  }

  private static func link(_ path: String) -> String {
    var target = [UInt8](repeating: 0, count: 4096)
    let count = target.withUnsafeMutableBytes {
      readlink(path, $0.bindMemory(to: CChar.self).baseAddress!, $0.count)
    }
    return String(decoding: target.prefix(max(count, 0)), as: UTF8.self)
  }
}
