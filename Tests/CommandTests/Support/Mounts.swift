import Foundation
import Testing

/// Mounts that only one process sees, such as a node's local disk.
enum Mounts {
  static let need: Comment = "needs root, to mount in a namespace of its own"
  static let areAllowed = (try? run("unshare", ["-m", "true"]))?.status == 0

  /// Runs the rest of the arguments after the script has made its mounts.
  static func wrapper(_ script: String) -> [String] {
    ["unshare", "-m", "sh", "-c", "\(script) && exec \"$@\"", "sh"]
  }
}
