import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport
import LockstepTraining
import Synchronization

/// A training in a program of your own: of a network that a recipe lists, on a dataset in memory.
///
///     var recipe = Recipe()
///     recipe.network = [.dense(outputs: 32), .relu, .dense(outputs: nil)]
///     let model = try Training(recipe, on: dataset).run { event in
///       if case .epoch(let epoch) = event { print(epoch.trainLoss) }
///     }
///
/// The model is a function of recipe and dataset: ranks, threads, stops and resumptions change no bit of it.
public struct Training: Sendable {
  /// What to train, and how.
  public var recipe: Recipe
  /// What to train on.
  public var dataset: Dataset
  /// A directory for the run's checkpoints, metrics and model; nil, the default, to write nothing.
  public var output: String?
  /// Whether to go on from the newest checkpoint in `output`, if there is one.
  public var resumes = false
  /// Steps between checkpoints, besides one at the end of each epoch; 0 for none.
  public var checkpointEvery = 0
  /// How many checkpoints to keep, the newest.
  public var keep = 3
  /// The threads of this rank; nil for its share of the processors. Changes no bit.
  public var threads: Int?
  private let stopFlag = StopFlag()

  /// A training by a recipe on a dataset, neither of which is looked at before it runs.
  public init(_ recipe: Recipe, on dataset: Dataset) { (self.recipe, self.dataset) = (recipe, dataset) }

  /// Stops the training, and all its copies', after the step at hand, with a checkpoint where there is an `output`. On
  /// any thread, of any rank, or in `progress`; before the training begins, it stops it after one step.
  public func stop() { stopFlag.isRaised.store(true, ordering: .relaxed) }

  /// Whether `stop` has been called in this process.
  public var isStopped: Bool { stopFlag.isRaised.load(ordering: .relaxed) }

  /// Trains to the end, or to where it is stopped, and returns the model as it is then. Collective: all ranks call it
  /// with the same values, but for `threads`, and all get the model. `progress` is called on rank 0 alone, on the
  /// thread that called; what it throws ends the training.
  ///
  /// Throws `LockstepError`, on several ranks `AgreedError`: usage for a recipe that cannot be, data for a dataset that
  /// does not fit it or a checkpoint of another, failure for all else.
  public func run(
    on collective: any Collective = SingleProcess(), progress: (TrainingEvent) throws -> Void = { _ in }
  ) throws -> Model {
    try collective.together {
      guard output == nil, resumes else { return }
      throw LockstepError(
        .usage, "resumes", expected: "an output to go on from", found: "none", fix: "Set output")
    }
    return try withoutActuallyEscaping(progress) { progress in
      let observer = Progress(progress)
      let listener = RunListener(tell: observer.tell, result: { _ in }, observer: observer)
      var run = TrainingRun(listener: listener) { [recipe] _ in recipe }
      (run.dataset, run.output, run.keepsFiles) = (dataset, output, output != nil)
      (run.resumes, run.checkpointEvery, run.keep) = (resumes, checkpointEvery, keep)
      (run.threads, run.shouldStop) = (threads, { [stopFlag] in stopFlag.isRaised.load(ordering: .relaxed) })
      var trainer: Trainer?
      do { try run.run(collective, &trainer) } catch {
        guard Self.isStop(error), let trainer, trainer.state.step > 0 else { throw error }
      }
      return try trainer!.model(of: trainer!.parameters.copy)
    }
  }

  private static func isStop(_ error: any Error) -> Bool {
    let status = (error as? LockstepError)?.exitStatus ?? (error as? AgreedError)?.exitStatus
    return status == LockstepError.Kind.stopped.rawValue
  }
}

/// Whether a training is to stop.
private final class StopFlag: Sendable {
  let isRaised = Atomic<Bool>(false)
}

/// Passes events on, and what a run would tell its user as warnings.
private final class Progress: TrainingObserver {
  private let pass: (TrainingEvent) throws -> Void
  /// What it threw where no error could be thrown on.
  private var failure: (any Error)?

  init(_ pass: @escaping (TrainingEvent) throws -> Void) { self.pass = pass }

  func observe(_ event: TrainingEvent) throws {
    if let failure { throw failure }
    try pass(event)
  }

  func tell(_ line: String) {
    let text = ["lockstep: warning: ", "lockstep: "].first(where: line.hasPrefix).map {
      line.dropFirst($0.count)
    }
    do { try observe(.warning(String(text ?? line[...]))) } catch { failure = error }
  }
}
