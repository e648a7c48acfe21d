import Foundation

/// A directory that is deleted with this object.
final class TemporaryDirectory: Sendable {
  let path: String

  init(_ files: [String: [UInt8]] = [:]) throws {
    let url = FileManager.default.temporaryDirectory.appendingPathComponent("lockstep-\(UUID().uuidString)")
    try FileManager.default.createDirectory(at: url, withIntermediateDirectories: false)
    path = url.path
    for (name, bytes) in files { _ = try write(bytes, as: name) }
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// Returns the path of the file.
  func write(_ bytes: [UInt8], as name: String) throws -> String {
    try Data(bytes).write(to: URL(fileURLWithPath: path + "/" + name))
    return path + "/" + name
  }
}
