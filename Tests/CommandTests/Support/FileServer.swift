import Foundation

/// Serves a directory on a free port of this machine, until the last reference goes. The modes of failure that it
/// plays are listed in Tests/Tools/file-server.py.
final class FileServer {
  private let process: Process
  private let input = Pipe()
  private let log: TemporaryDirectory

  /// `http://127.0.0.1:PORT`
  let address: String

  /// - Throws: Foundation's error if `python3` cannot be started, or `NoPort` if it ends at once.
  init(serving directory: String) throws {
    log = try TemporaryDirectory()
    let output = Pipe()
    let process = Process()
    self.process = process
    process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
    let script = Repository.root + "/Tests/Tools/file-server.py"
    process.arguments = ["python3", script, directory, log.file("requests")]
    process.standardInput = input
    process.standardOutput = output
    try withSignalsUnblocked { try process.run() }
    // Blocks until the server listens; a server that fails closes the pipe, which reads as nothing.
    let line = String(decoding: output.fileHandleForReading.availableData, as: UTF8.self)
    guard let port = Int(line.trimmingCharacters(in: .newlines)) else { throw NoPort() }
    address = "http://127.0.0.1:\(port)"
  }

  deinit { stop() }

  struct NoPort: Error {}

  /// Ends the server; its port then refuses connections.
  func stop() {
    try? input.fileHandleForWriting.close()
    process.waitUntilExit()
  }

  /// The requests so far, as "/mood/name FIRST-BYTE".
  func requests() throws -> [String] {
    try log.text("requests").split(separator: "\n").map(String.init)
  }
}
