import LockstepData

/// What training reports as it proceeds, to rank 0's terminal and `metrics.jsonl`. Losses are means, accuracies
/// fractions, times seconds.
public enum TrainingEvent: Sendable {
  case start(TrainingStart)
  /// Instead of `start`: the run resumes from a checkpoint.
  case resume(TrainingStart, TrainingState)
  /// Before the `step` of a traced one (`Trainer.tracedSteps`).
  case digests(StepDigests)
  case step(StepReport)
  case epoch(EpochReport)
  /// The validation loss has turned upward after this epoch, while the training loss still falls.
  case overfitting(sinceEpoch: Int)
  /// `patience` epochs have passed without a smaller validation loss.
  case stoppedEarly(epoch: Int, bestEpoch: Int)
  /// The weights of this epoch, the best, have been restored.
  case keptBest(epoch: Int, validationLoss: Double)
  /// A checkpoint is safe on disk.
  case checkpoint(path: String, step: Int)
  /// Training goes on, but something needs attention: a checkpoint that could not be written, a rank far behind.
  case warning(String)
  case end(TrainingResult)
}

/// Receives every event, on rank 0 only. An error that it throws ends the run.
public protocol TrainingObserver: AnyObject {
  func observe(_ event: TrainingEvent) throws
}

/// The start of a run.
public struct TrainingStart: Sendable {
  /// The ranks of the job.
  public var ranks: Int
  /// Of rank 0.
  public var threads: Int
  /// The build of the kernels, `InstructionSet.current`.
  public var instructionSet: String
  /// Weights and biases, without padding.
  public var parameters: Int
  /// `Dataset.name`.
  public var dataset: String
  /// [28, 28]
  public var sampleShape: [Int]
  /// 0 where labels are numbers.
  public var classes: Int
  /// The numbers to predict of each sample; nil for classes.
  public var targets: Int?
  /// `Recipe.loss`.
  public var loss: String
  /// The samples that are trained on, without those held back.
  public var trainingSamples: Int
  public var validationSamples: Int
  public var testSamples: Int
  public var epochs: Int
  public var totalSteps: Int
  public var normalization: Normalization
  /// The base learning rate, after the linear scaling rule if `referenceBatch` is set.
  public var learningRate: Double
  /// The recipe's learning rate, before that rule.
  public var recipeRate: Double
  /// "sgd, lr 0.02, momentum 0.9, constant"
  public var optimization: String
  /// `Recipe.lrReferenceBatch`.
  public var referenceBatch: Int?
  /// The global batch.
  public var batchSize: Int
  /// The digest of the weights that training starts from, where a file gave them.
  public var initialDigest: UInt64?
  /// nil where memory holds all micro-batches of a rank at once.
  public var accumulation: GradientAccumulation?
  /// `Recipe.classWeights`, as its text; nil for none.
  public var classWeights: String?
  /// What the shares of the classes reach alone; nil where labels are numbers.
  public var baselines: Baselines?
}

/// One step done.
public struct StepReport: Sendable {
  /// Counted from 1.
  public var epoch: Int
  public var epochs: Int
  /// Steps since the start of training.
  public var step: Int
  public var totalSteps: Int
  /// Steps since the start of the epoch.
  public var stepOfEpoch: Int
  /// The epoch's steps, as far as they are asked for.
  public var stepsOfEpoch: Int
  /// Samples of the epoch so far.
  public var samplesOfEpoch: Int
  /// The mean loss over the global batch.
  public var loss: Double
  /// Mean loss over the epoch so far, and accuracy, if labels are classes.
  public var epochLoss: Double
  public var epochAccuracy: Double?
  public var learningRate: Double
}

/// One epoch done.
public struct EpochReport: Sendable {
  /// Counted from 1.
  public var epoch: Int
  public var epochs: Int
  /// Steps since the start of training.
  public var step: Int
  /// The mean over the epoch's steps, each with the weights before its update.
  public var trainLoss: Double
  /// nil where labels are numbers.
  public var trainAccuracy: Double?
  /// On the validation samples; nil if there are none.
  public var validation: Evaluation?
  /// On the test samples; its `count` is 0 without test files.
  public var test: Evaluation
  /// The same of the averaged weights; nil if the recipe has none.
  public var averaged: AveragedEvaluation?
  public var learningRate: Double
  /// The digest of the weights.
  public var digest: UInt64
  /// Time of the epoch's steps, without evaluation.
  public var seconds: Double
  /// Training samples a second of these.
  public var samplesPerSecond: Double
  /// Gradients of micro-batches that did not fit their integer grid and were cut off; nil for reductions without grids.
  public var clampedGradients: Int?
  /// Where the time went; nil in a single process.
  public var ranks: RankTimes?
}

/// What averaged weights (`Recipe.ema`) come to, on the samples that the weights are judged by.
public struct AveragedEvaluation: Equatable, Sendable {
  /// On the test samples; its `count` is 0 without test files.
  public var test: Evaluation
  /// On the validation samples; at the end of a run only where there are no test files.
  public var validation: Evaluation?
  /// At the end of a run, if there is nothing else to judge by.
  public var training: Evaluation?
  /// Their digest.
  public var digest: UInt64

  package init(
    test: Evaluation, validation: Evaluation?, training: Evaluation? = nil, digest: UInt64
  ) {
    (self.test, self.validation, self.training, self.digest) = (test, validation, training, digest)
  }
}

/// The end of a run.
public struct TrainingResult: Sendable {
  /// Steps since the start of training, those before a resume included.
  public var steps: Int
  /// On the test samples; its `count` is 0 without test files.
  public var test: Evaluation
  /// On the validation samples, if there are some and no test files.
  public var validation: Evaluation?
  /// On the training samples, if there is nothing else to judge by.
  public var training: Evaluation?
  /// The same of the averaged weights; nil if the recipe has none.
  public var averaged: AveragedEvaluation?
  /// The digest of the final parameters.
  public var digest: UInt64
  /// How far the weights have moved from the initial ones, in the norm of these; nil where a file gave those.
  public var weightsChange: Double?
  /// The time of this `train` call, evaluation included.
  public var seconds: Double
}
