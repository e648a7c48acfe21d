import Foundation

/// Where things are while the tests run.
enum Repository {
  /// The root of the repository.
  static let root = URL(fileURLWithPath: #filePath)  // <root>/Tests/CommandTests/Support/Repository.swift
    .deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent().path

  /// The `lockstep` binary of the same build as these tests.
  static let lockstep: String = {
    // On Linux the tests are an executable beside it; on macOS a bundle, which a tool of the toolchain loads.
    let beside = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent().path + "/lockstep"
    return [beside, root + "/.build/release/lockstep", root + "/.build/debug/lockstep"]
      .first(where: FileManager.default.isExecutableFile(atPath:)) ?? beside
  }()

  /// The directory of the MNIST files: `$LOCKSTEP_DATA`, or `../shared/data/mnist` beside the repository, or nil.
  static let mnist: String? = {
    let named = ProcessInfo.processInfo.environment["LOCKSTEP_DATA"]
    return [named, root + "/../shared/data/mnist"].compactMap(\.self).first {
      FileManager.default.fileExists(atPath: $0 + "/train-images-idx3-ubyte.gz")
    }
  }()
}
