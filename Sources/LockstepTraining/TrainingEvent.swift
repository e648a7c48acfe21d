import LockstepData

/// What training tells as it goes on, to rank 0's terminal and to `metrics.jsonl`.
public enum TrainingEvent: Sendable {
  case start(TrainingStart)
  /// Instead of `start`: the run goes on from a checkpoint.
  case resume(TrainingStart, TrainingState)
  case step(StepReport)
  case epoch(EpochReport)
  /// The validation loss has turned upward after this epoch, while the training loss still falls.
  case overfitting(sinceEpoch: Int)
  /// `patience` epochs have passed without a smaller validation loss.
  case stoppedEarly(epoch: Int, bestEpoch: Int)
  /// The weights are those of this epoch again.
  case keptBest(epoch: Int, validationLoss: Double)
  /// A checkpoint is safe on disk.
  case checkpoint(path: String, step: Int)
  /// One could not be written; training goes on.
  case warning(String)
  case end(TrainingResult)
}

/// Hears of every event, on rank 0 only. What it throws ends the run.
public protocol TrainingObserver: AnyObject {
  func observe(_ event: TrainingEvent) throws
}

/// The run as it begins.
public struct TrainingStart: Sendable {
  public var ranks: Int
  public var threads: Int
  /// The build of the kernels.
  public var instructionSet: String
  public var parameters: Int
  public var dataset: String
  /// [28, 28]
  public var sampleShape: [Int]
  public var classes: Int
  public var trainingSamples: Int
  public var validationSamples: Int
  public var testSamples: Int
  public var epochs: Int
  public var totalSteps: Int
  public var normalization: Normalization
  /// The base learning rate, after the linear scaling rule where `referenceBatch` asks for it.
  public var learningRate: Double
  public var recipeRate: Double
  /// "sgd, lr 0.02, momentum 0.9, constant"
  public var optimization: String
  public var referenceBatch: Int?
  public var batchSize: Int
}

/// One step done.
public struct StepReport: Sendable {
  /// Counted from 1.
  public var epoch: Int
  /// Steps since the start of training.
  public var step: Int
  public var totalSteps: Int
  /// The mean loss over the global batch.
  public var loss: Double
  /// Mean loss and accuracy over the epoch so far.
  public var epochLoss: Double
  public var epochAccuracy: Double
  public var learningRate: Double
}

/// One epoch done.
public struct EpochReport: Sendable {
  /// Counted from 1.
  public var epoch: Int
  public var epochs: Int
  public var step: Int
  /// Over the epoch's steps, each with the weights that it found.
  public var trainLoss: Double
  public var trainAccuracy: Double
  public var validation: Evaluation?
  /// Of no samples where there are no test files.
  public var test: Evaluation
  public var learningRate: Double
  /// Time of the epoch's steps, without evaluation.
  public var seconds: Double
  public var samplesPerSecond: Double
}

/// The run as it ended.
public struct TrainingResult: Sendable {
  public var steps: Int
  /// Of no samples where there are no test files.
  public var test: Evaluation
  /// The last, where there are validation samples and no test files.
  public var validation: Evaluation?
  /// The digest of the final parameters.
  public var digest: UInt64
  public var seconds: Double
}
