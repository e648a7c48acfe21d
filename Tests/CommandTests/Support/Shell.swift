import Dispatch
import Foundation

/// What a finished command left behind.
struct CommandResult: Sendable {
  /// The exit status, or 128 + N when signal N ended the command.
  var status: Int32
  /// Everything written to standard output.
  var output: String
  /// Everything written to standard error.
  var errors: String
}

struct CommandTimeout: Error, CustomStringConvertible {
  var description: String
}

/// Runs a command to its end.
///
/// The output goes through files, not pipes: no amount of it blocks the command, and a grandchild that outlives the
/// command and keeps its standard output open does not hold up the test.
///
/// - Parameters:
///   - executable: A path, or a name to look for on `PATH`.
///   - environment: Added to the environment of the tests; an empty value removes the variable.
///   - directory: The working directory; the tests' own by default.
///   - timeout: In seconds. When it has passed, the command and its children are killed.
/// - Throws: `CommandTimeout` with the output so far, or Foundation's error if the command cannot be started.
func run(
  _ executable: String, _ arguments: [String], environment: [String: String] = [:],
  directory: String? = nil, timeout: Double = 120
) throws -> CommandResult {
  let scratch = try TemporaryDirectory()
  let process = Process()
  process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
  process.arguments = [executable] + arguments
  process.environment = ProcessInfo.processInfo.environment
    .merging(environment) { _, new in new }
    .filter { !(environment[$0.key]?.isEmpty ?? false) }
  if let directory { process.currentDirectoryURL = URL(fileURLWithPath: directory) }
  process.standardInput = FileHandle.nullDevice
  let files = [try scratch.createFile("output"), try scratch.createFile("errors")]
  // A process that has ended is not always freed, and every later one would be given thousands of descriptors to close.
  defer { for file in files { try? file.close() } }
  (process.standardOutput, process.standardError) = (files[0], files[1])

  let ended = DispatchSemaphore(value: 0)
  process.terminationHandler = { _ in ended.signal() }
  try withSignalsUnblocked { try process.run() }
  let timedOut = ended.wait(timeout: .now() + timeout) == .timedOut
  if timedOut {
    kill(-process.processIdentifier, SIGKILL)  // its process group: Foundation gives every child its own
    ended.wait()
  }

  let output = try scratch.text("output")
  let errors = try scratch.text("errors")
  guard !timedOut else {
    let line = ([executable] + arguments).joined(separator: " ")
    throw CommandTimeout(description: "\(line) did not end in \(timeout) s.\n\(output)\n\(errors)")
  }
  let signalled = process.terminationReason == .uncaughtSignal
  return CommandResult(
    status: signalled ? 128 + process.terminationStatus : process.terminationStatus,
    output: output, errors: errors)
}

/// Tests run on threads of Dispatch that block signals, and a child inherits the mask: without this, SIGTERM
/// would not end it.
func withSignalsUnblocked<T>(_ body: () throws -> T) rethrows -> T {
  var none = sigset_t()
  var previous = sigset_t()
  sigemptyset(&none)
  pthread_sigmask(SIG_SETMASK, &none, &previous)
  defer { pthread_sigmask(SIG_SETMASK, &previous, nil) }
  return try body()
}
