import LockstepSupport
import PlatformC
import Synchronization

/// A file of a run to which lines of JSON are appended as things happen.
final class LineLog: @unchecked Sendable {
  private let path: String
  /// What the lines are, for messages: "the metrics".
  private let content: String
  /// Atomic, because `synchronize` is called on another thread.
  private let file = Atomic<Int32>(-1)
  private let tell: (String) -> Void
  /// The error of a failed fsync; 0 for none.
  private let lost = Atomic<Int32>(0)

  /// Existing lines are kept. `tell` is called if the file is deleted during the run. Throws `LockstepError` (failure)
  /// if the file cannot be opened.
  init(path: String, of content: String, tell: @escaping (String) -> Void) throws {
    (self.path, self.content, self.tell) = (path, content, tell)
    file.store(try open(), ordering: .relaxed)
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  /// Keeps the first bytes, as many as `length` says of them all, and returns how many those are.
  @discardableResult
  func cut(to length: ([UInt8]) -> Int) throws -> Int {
    // An unreadable log is left as it is: resuming does not need it.
    let bytes = (try? readFile(path, limit: 1 << 34, kind: .failure)) ?? []
    let kept = length(bytes)
    if kept < bytes.count { try reporting { try FileOperation.truncate(descriptor, to: kept) } }
    return kept
  }

  /// Throws if lines that were written may be lost.
  func requireDurable() throws {
    let error = lost.load(ordering: .relaxed)
    if error != 0 { throw failure(SystemError(code: error)) }
  }

  /// Appends the lines, in one piece. On any thread.
  func write(_ lines: [JSONLine]) throws {
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_nlink == 0 {
      try createDirectories(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
      file.store(try open(), ordering: .relaxed)
      status.st_size = 0
      tell("\(path): deleted during the run. It is made again, without its lines so far")
    }
    let text = lines.map { $0.text + "\n" }.joined()
    try reporting {
      do { try FileOperation.write(Array(text.utf8), to: descriptor) } catch {
        // Leaves no partial line that the next one would be appended to.
        _ = try? systemCall { ftruncate(descriptor, status.st_size) }
        throw error
      }
    }
  }

  /// Makes the lines durable. On any thread. If it fails, no line is known to be on disk, so `requireDurable` throws.
  func synchronize() throws {
    try reporting {
      do { try FileOperation.synchronize(descriptor) } catch let error as SystemError {
        // Devices and the like have nothing to make durable.
        if [EINVAL, ENOTSUP].contains(error.code) { return }
        lost.store(error.code, ordering: .relaxed)
        throw error
      }
    }
  }

  private var descriptor: Int32 { file.load(ordering: .relaxed) }

  /// A former file stays open: another thread may be using it.
  private func open() throws -> Int32 {
    var opened: Int32 = -1
    // Non-blocking: opening a FIFO would otherwise wait for a reader.
    try reporting { opened = try FileOperation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK) }
    return opened
  }

  private func reporting(_ body: () throws -> Void) throws {
    do { try body() } catch let error as SystemError { throw failure(error) }
  }

  private func failure(_ error: SystemError) -> LockstepError {
    LockstepError(
      .failure, path, expected: "to write \(content)", found: error.description,
      fix: "The checkpoints are untouched: free space and go on with --resume, or choose another --output")
  }
}
