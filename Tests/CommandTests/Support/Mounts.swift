import Foundation
import Testing

/// Mounts that only one process sees, such as a node's own disk.
enum Mounts {
  static let need: Comment = "needs root, to mount in a namespace of its own"
  static let areAllowed = (try? run("unshare", ["-m", "true"]))?.status == 0

  /// Runs what follows where the script has mounted something.
  static func wrapper(_ script: String) -> [String] {
    ["unshare", "-m", "sh", "-c", "\(script) && exec \"$@\"", "sh"]
  }
}
