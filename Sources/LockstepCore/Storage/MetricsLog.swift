import Synchronization

#if canImport(Glibc)
  import Glibc
#elseif canImport(Darwin)
  import Darwin
#endif

/// `metrics.jsonl`: one JSON object a line, written as things happen. Accuracies are fractions.
public final class MetricsLog: TrainingObserver {
  private let path: String
  /// Atomic, because `synchronize` is called on another thread.
  private let file = Atomic<Int32>(-1)
  private let logEvery: Int
  /// What fsync failed with.
  private let lost = Atomic<Int32>(0)

  /// Steps are logged every `logEvery`; 0 for none. What the file holds stays, up to `state` where one is given: the lines
  /// of what comes after it are going to be written again.
  public init(path: String, logEvery: Int, resuming state: TrainingState? = nil) throws {
    self.path = path
    self.logEvery = logEvery
    try openFile()
    guard let state else { return }
    let bytes = try readFile(path, limit: 1 << 34, kind: .failure)
    let kept = Self.lengthKept(of: bytes, upTo: state)
    guard kept == bytes.count || FileOperation.truncate(descriptor, to: kept) else { throw failure() }
  }

  deinit { if descriptor >= 0 { close(descriptor) } }

  public func observe(_ event: TrainingEvent) throws {
    guard let line = line(for: event) else { return }
    let error = lost.load(ordering: .relaxed)
    if error != 0 {
      errno = error
      throw failure()
    }
    if isDeleted {
      try createDirectories(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
      try openFile()
      writeError(
        "lockstep: warning: \(path): deleted during the run. It is made again, without its lines so far\n")
    }
    guard FileOperation.write(Array((line.text + "\n").utf8), to: descriptor) else { throw failure() }
  }

  /// Makes durable what is written. On any thread. Where that fails no line can be trusted to be on disk, so the next one is
  /// an error.
  func synchronize() throws {
    guard !FileOperation.synchronize(descriptor) else { return }
    lost.store(errno, ordering: .relaxed)
    throw failure()
  }

  private var descriptor: Int32 { file.load(ordering: .relaxed) }

  /// A file of before stays open: another thread may be using it.
  private func openFile() throws {
    let opened = FileOperation.open(path, O_WRONLY | O_CREAT | O_APPEND)
    guard opened >= 0 else { throw failure() }
    file.store(opened, ordering: .relaxed)
  }

  private var isDeleted: Bool {
    var status = stat()
    return fstat(descriptor, &status) == 0 && status.st_nlink == 0
  }

  private func failure() -> LockstepError {
    LockstepError(
      .failure, path, expected: "to write the metrics", found: lastSystemError,
      fix: "The checkpoints are untouched: free space and go on with --resume, or choose another --output")
  }

  private func line(for event: TrainingEvent) -> JSONLine? {
    var line = JSONLine()
    switch event {
    case .start(let start): start.describe(in: &line)
    case .step(let report):
      guard logEvery > 0, report.step % logEvery == 0 else { return nil }
      report.describe(in: &line)
    case .epoch(let report): report.describe(in: &line)
    case .overfitting(let epoch):
      line.add("event", "overfitting")
      line.add("since_epoch", epoch)
    case .stoppedEarly(let epoch, let best):
      line.add("event", "stopped_early")
      line.add("epoch", epoch)
      line.add("best_epoch", best)
    case .keptBest(let epoch, let loss):
      line.add("event", "kept_best")
      line.add("epoch", epoch)
      line.add("validation_loss", loss)
    case .resume(let start, let state):
      line.add("event", "resume")
      line.add("epoch", state.epoch + 1)
      line.add("step", state.step)
      line.add("ranks", start.ranks)
      line.add("threads", start.threads)
      line.add("instruction_set", start.instructionSet)
    case .checkpoint(let path, let step):
      line.add("event", "checkpoint")
      line.add("step", step)
      line.add("file", String(path.split(separator: "/").last ?? ""))
    case .warning: return nil
    case .end(let result): result.describe(in: &line)
    }
    return line
  }
}

extension TrainingStart {
  func describe(in line: inout JSONLine) {
    line.add("event", "start")
    line.add("dataset", dataset)
    line.add("training_samples", trainingSamples)
    line.add("validation_samples", validationSamples)
    line.add("test_samples", testSamples)
    line.add("parameters", parameters)
    line.add("epochs", epochs)
    line.add("steps", totalSteps)
    line.add("normalize", normalization.description)
    line.add("learning_rate", learningRate)
    if let referenceBatch { line.add("lr_reference_batch", referenceBatch) }
    line.add("ranks", ranks)
    line.add("threads", threads)
    line.add("instruction_set", instructionSet)
  }
}

extension StepReport {
  func describe(in line: inout JSONLine) {
    line.add("event", "step")
    line.add("epoch", epoch)
    line.add("step", step)
    line.add("train_loss", loss)
    line.add("learning_rate", learningRate)
  }
}

extension EpochReport {
  func describe(in line: inout JSONLine) {
    line.add("event", "epoch")
    line.add("epoch", epoch)
    line.add("step", step)
    line.add("train_loss", trainLoss)
    line.add("train_accuracy", trainAccuracy)
    validation?.describe(as: "validation", in: &line)
    test.describe(as: "test", in: &line)
    line.add("learning_rate", learningRate)
    line.add("seconds", seconds)
    line.add("samples_per_second", samplesPerSecond)
  }
}

extension TrainingResult {
  func describe(in line: inout JSONLine) {
    line.add("event", "end")
    line.add("step", steps)
    test.describe(as: "test", in: &line)
    validation?.describe(as: "validation", in: &line)
    line.add("weights", digest.hexadecimal)
    line.add("seconds", seconds)
  }
}

extension Evaluation {
  /// Nothing of no samples.
  func describe(as part: String, in line: inout JSONLine) {
    guard count > 0 else { return }
    line.add(part + "_loss", loss)
    line.add(part + "_accuracy", accuracy)
  }
}
