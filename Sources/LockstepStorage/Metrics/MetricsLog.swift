import LockstepSupport
import LockstepTraining
import Synchronization

/// `metrics.jsonl`: one JSON object a line, written as things happen. Accuracies are fractions.
public final class MetricsLog: TrainingObserver, @unchecked Sendable {
  private let log: LineLog
  let logEvery: Int
  /// Whether a resumed run's earlier lines are missing.
  package let lacksBeginning: Bool
  private let hasFailure = Atomic<Bool>(false)

  /// Steps are logged every `logEvery`; 0 for none. Existing lines are kept, with `state` only those up to it: later
  /// ones will be written again. `tell` is called if the file is deleted during the run. Throws `LockstepError`
  /// (failure) if the file cannot be opened.
  public init(
    path: String, logEvery: Int, resuming state: TrainingState? = nil,
    tell: @escaping (String) -> Void = { _ in }
  ) throws {
    self.logEvery = logEvery
    log = try LineLog(path: path, of: "the metrics", tell: tell)
    guard let state else {
      lacksBeginning = false
      return
    }
    let kept = try log.cut { Self.lengthKept(of: $0, upTo: state) }
    lacksBeginning = kept == 0 && state.step > 0
  }

  public func observe(_ event: TrainingEvent) throws {
    guard let line = line(for: event) else { return }
    try log.requireDurable()
    try log.write([line])
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
    try log.write([line])
  }

  /// Makes the lines durable. On any thread. If it fails, no line is known to be on disk, so the next write throws.
  func synchronize() throws { try log.synchronize() }
}
