import Foundation
import Testing

/// The real MNIST, which the repository does not contain: `LOCKSTEP_DATA`, or `../shared/data/mnist` beside the
/// repository.
enum MNIST {
  static func directory() throws -> String {
    let repository = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path =
      ProcessInfo.processInfo.environment["LOCKSTEP_DATA"]
      ?? repository.deletingLastPathComponent().path + "/shared/data/mnist"
    try #require(
      FileManager.default.fileExists(atPath: path),
      "MNIST is not at \(path): download it with scripts/fetch-mnist and set LOCKSTEP_DATA to its directory")
    return path
  }
}
