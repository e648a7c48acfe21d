import Foundation

/// A directory for one test, removed with the last reference to it.
final class TemporaryDirectory: Sendable {
  let path: String

  init() throws {
    path = NSTemporaryDirectory() + "lockstep-tests-" + UUID().uuidString
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  }

  deinit { try? FileManager.default.removeItem(atPath: path) }

  /// The path of a file in the directory, whether it exists or not.
  func file(_ name: String) -> String { path + "/" + name }

  /// The names in the directory, sorted.
  func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

  func write(_ data: Data, to name: String) throws { try data.write(to: URL(fileURLWithPath: file(name))) }

  func data(_ name: String) throws -> Data { try Data(contentsOf: URL(fileURLWithPath: file(name))) }

  /// The contents of a file as text; bytes that are not UTF-8 become replacement characters.
  func text(_ name: String) throws -> String { String(decoding: try data(name), as: UTF8.self) }

  /// Creates an empty file and opens it for writing.
  func createFile(_ name: String) throws -> FileHandle {
    try write(Data(), to: name)
    return try FileHandle(forWritingTo: URL(fileURLWithPath: file(name)))
  }
}
