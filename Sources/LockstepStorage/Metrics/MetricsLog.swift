import LockstepSupport
import LockstepTraining
import PlatformC
import Synchronization

/// `metrics.jsonl`: one JSON object a line, written as things happen. Accuracies are fractions.
public final class MetricsLog: TrainingObserver, @unchecked Sendable {
  private let path: String
  /// Atomic, because `synchronize` is called on another thread.
  private let file = Atomic<Int32>(-1)
  let logEvery: Int
  private let tell: (String) -> Void
  /// Whether a resumed run's earlier lines are missing.
  package let lacksBeginning: Bool
  private let hasFailure = Atomic<Bool>(false)
  /// The error of a failed fsync; 0 for none.
  private let lost = Atomic<Int32>(0)

  /// Steps are logged every `logEvery`; 0 for none. Existing lines are kept, with `state` only those up to it: later
  /// ones will be written again. `tell` is called if the file is deleted during the run. Throws `LockstepError`
  /// (failure) if the file cannot be opened.
  public init(
    path: String, logEvery: Int, resuming state: TrainingState? = nil,
    tell: @escaping (String) -> Void = { _ in }
  ) throws {
    self.tell = tell
    self.path = path
    self.logEvery = logEvery
    let file = try Self.open(path)
    self.file.store(file, ordering: .relaxed)
    guard let state else {
      lacksBeginning = false
      return
    }
    // An unreadable log is left as it is: resuming does not need it.
    let bytes = (try? readFile(path, limit: 1 << 34, kind: .failure)) ?? []
    let kept = Self.lengthKept(of: bytes, upTo: state)
    lacksBeginning = kept == 0 && state.step > 0
    if kept < bytes.count { try reporting { try FileOperation.truncate(file, to: kept) } }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  public func observe(_ event: TrainingEvent) throws {
    guard let line = line(for: event) else { return }
    let error = lost.load(ordering: .relaxed)
    if error != 0 { throw Self.failure(path, SystemError(code: error)) }
    try write(line)
  }

  /// Logs why the run failed, at which step and, if known, in which layer. On any thread. Only the first failure
  /// counts: an error may be the consequence of one that a watch has logged.
  package func noteFailure(step: Int, layer: String?, reason: String) throws {
    guard !hasFailure.exchange(true, ordering: .relaxed) else { return }
    var line = JSONLine()
    line.add("event", "error")
    line.add("step", step)
    if let layer { line.add("layer", layer) }
    line.add("reason", reason)
    try write(line)
  }

  private func write(_ line: JSONLine) throws {
    var status = stat()
    if fstat(descriptor, &status) == 0, status.st_nlink == 0 {
      try createDirectories(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
      file.store(try Self.open(path), ordering: .relaxed)
      status.st_size = 0
      tell("\(path): deleted during the run. It is made again, without its lines so far")
    }
    try reporting {
      do { try FileOperation.write(Array((line.text + "\n").utf8), to: descriptor) } catch {
        // Leaves no partial line that the next one would be appended to.
        _ = try? systemCall { ftruncate(descriptor, status.st_size) }
        throw error
      }
    }
  }

  /// Makes the lines durable. On any thread. If it fails, no line is known to be on disk, so the next write throws.
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
  private static func open(_ path: String) throws -> Int32 {
    // Non-blocking: opening a FIFO would otherwise wait for a reader.
    do { return try FileOperation.open(path, O_WRONLY | O_CREAT | O_APPEND | O_NONBLOCK) } catch let error
      as SystemError
    { throw failure(path, error) }
  }

  private func reporting(_ body: () throws -> Void) throws {
    do { try body() } catch let error as SystemError { throw Self.failure(path, error) }
  }

  private static func failure(_ path: String, _ error: SystemError) -> LockstepError {
    LockstepError(
      .failure, path, expected: "to write the metrics", found: error.description,
      fix: "The checkpoints are untouched: free space and go on with --resume, or choose another --output")
  }
}
