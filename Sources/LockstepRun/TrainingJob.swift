import LockstepSupport
import LockstepTraining

/// A training that runs on a thread of its own, beside the program that has started it.
public final class TrainingJob: Sendable {
  /// What happens, as it happens; ends with the training, by its error if it fails. For one reader. Where the reader's
  /// task is cancelled, the training stops.
  public let events: AsyncThrowingStream<TrainingEvent, any Error>
  private let training: Training
  private let task: Task<Model, any Error>

  /// The model, once the training has ended or was stopped. Throws as `Training.run` does.
  public var model: Model { get async throws { try await task.value } }

  /// Stops it after the step at hand; see `Training.stop`.
  public func stop() { training.stop() }

  fileprivate init(_ training: Training) {
    let (events, sink) = AsyncThrowingStream<TrainingEvent, any Error>.makeStream()
    sink.onTermination = { if case .cancelled = $0 { training.stop() } }
    (self.training, self.events) = (training, events)
    task = Task {
      try await withCheckedThrowingContinuation { continuation in
        let isStarted = BackgroundTask.detach(stackSize: ThreadTeam.stackSize) {
          let result = Result { try training.run { sink.yield($0) } }
          if case .failure(let error) = result { sink.finish(throwing: error) } else { sink.finish() }
          continuation.resume(with: result)
        }
        guard !isStarted else { return }
        let error = LockstepError(
          .failure, "training", expected: "a thread", found: "the system granted none",
          fix: "Raise the limit on processes (ulimit -u)")
        sink.finish(throwing: error)
        continuation.resume(throwing: error)
      }
    }
  }
}

extension Training {
  /// Starts the training in this process alone and returns at once. On ranks, whose calls must stay on one thread,
  /// `run` reports to a closure instead.
  public func start() -> TrainingJob { TrainingJob(self) }
}
