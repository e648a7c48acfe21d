import Foundation

/// The real MNIST, which the repository does not contain.
enum MNIST {
  /// `LOCKSTEP_DATA`, or `../shared/data/mnist` beside the repository; nil if neither exists.
  static let directory: String? = {
    let repository = URL(fileURLWithPath: #filePath)
      .deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path =
      ProcessInfo.processInfo.environment["LOCKSTEP_DATA"]
      ?? repository.deletingLastPathComponent().path + "/shared/data/mnist"
    return FileManager.default.fileExists(atPath: path) ? path : nil
  }()
}
