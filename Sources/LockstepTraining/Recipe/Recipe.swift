import LockstepData
import LockstepNetwork
import LockstepSupport

/// Everything that decides the bits of a run besides the dataset: the content of a recipe file, which flags override.
/// Limits are in `Recipe.keys`, and `check` enforces them.
public struct Recipe: Equatable, Sendable {
  /// Networks that a recipe can name: softmax regression, `hidden` layers with ReLU, two convolutions (see `layers`).
  public enum Model: String, CaseIterable, Sendable {
    case linear, mlp, cnn
  }
  /// SGD with momentum, Adam (Kingma and Ba 2015), AdamW (Loshchilov and Hutter 2019), RMSprop (Tieleman and Hinton
  /// 2012), as PyTorch defines them, and LARS for large batches (You et al. 2017).
  public enum OptimizerName: String, CaseIterable, Sendable {
    case sgd, adam, adamw, rmsprop, lars

    /// The learning rate if none is given.
    var defaultLearningRate: Double { self == .sgd ? 0.02 : self == .lars ? 1 : 0.001 }
    /// The momentum if none is given.
    var defaultMomentum: Double { self == .sgd || self == .lars ? 0.9 : 0 }
  }
  /// Constant; multiplied by `gamma` at `milestones`; half a cosine down to 0 (Loshchilov and Hutter 2017); up to `lr`
  /// and down again (Smith and Topin 2019).
  public enum ScheduleName: String, CaseIterable, Sendable {
    case constant, step, cosine, onecycle
  }

  /// The layers, unless `network` lists them.
  public var model = Model.mlp
  /// The layers, if the recipe lists them itself; empty for those of `model`.
  public var network: [LayerSpecification] = []
  /// The outputs of each hidden layer of `mlp`.
  public var hidden = [512]
  /// Passes over the training samples.
  public var epochs = 8
  /// Stops after this many steps, even within an epoch; nil for no limit.
  public var maxSteps: Int?
  /// The global batch, whatever the number of ranks.
  public var batchSize = 64
  /// The number of micro-batches that a global batch is cut into: the most ranks that can help.
  public var microBatches = 4
  /// Decides initial weights, order, dropout and augmentation.
  public var seed: UInt64 = 1
  /// The safetensors file, or the run, whose weights training starts from; empty to draw them. Tensors that do not fit
  /// are drawn.
  public var initialWeights = ""
  /// What training lessens: "cross-entropy" of classes, "mse" or "l1" of numbers, or a loss of your own
  /// (`LossRegistry`).
  public var loss = LossRegistry.crossEntropy
  /// How labels that are numbers are scaled before the network learns them.
  public var normalizeTargets = TargetNormalization.auto
  /// The part of a label that all classes share evenly in training (Szegedy et al. 2016); evaluations have none.
  public var labelSmoothing = 0.0
  /// How much the samples of each class count in training; in evaluations all the same.
  public var classWeights = ClassWeights.none
  /// SGD, Adam, AdamW, RMSprop or LARS.
  public var optimizer = OptimizerName.sgd
  /// By default the optimizer's: 0.02 for sgd, 1 for lars, 0.001 for the others.
  public var learningRate: Double {
    get { givenLearningRate ?? optimizer.defaultLearningRate }
    set { givenLearningRate = newValue }
  }
  private var givenLearningRate: Double?
  /// The momentum of SGD and LARS, by default 0.9, or RMSprop, by default 0; from 0 to below 1 (Polyak 1964).
  public var momentum: Double {
    get { givenMomentum ?? optimizer.defaultMomentum }
    set { givenMomentum = newValue }
  }
  private var givenMomentum: Double?
  /// Times the weights, added to the gradient; with AdamW, to the update. With LARS, to matrices alone.
  public var weightDecay = 0.0
  /// Whether the momentum of SGD or LARS is Nesterov's (Sutskever et al. 2013).
  public var nesterov = false
  /// Adam's decay rates of the moments.
  public var betas = Betas(first: 0.9, second: 0.999)
  /// RMSprop's decay rate of the mean square.
  public var alpha = 0.99
  /// The epsilon of Adam, RMSprop and LARS.
  public var epsilon = 1e-8
  /// How far LARS moves a matrix at the learning rate 1, as a part of its norm.
  public var trustCoefficient = 0.001
  /// The largest Euclidean norm of a step's gradient, to which a larger one is scaled down (Pascanu et al. 2013); nil
  /// for any.
  public var clipNorm: Double?
  /// The decay of an exponential moving average of the weights (Polyak and Juditsky 1992; Tarvainen and Valpola 2017),
  /// which is evaluated and saved besides, from 0 (none) to below 1.
  public var ema = 0.0
  /// The linear scaling rule (Goyal et al. 2017): `lr` is meant for this batch size, and is used times
  /// batchSize / lrReferenceBatch. nil for `lr` as it is.
  public var lrReferenceBatch: Int?
  /// How the learning rate changes over the training.
  public var schedule = ScheduleName.constant
  /// Epochs (from 0) at whose start the rate of the `step` schedule is multiplied by `gamma`. By default after half and
  /// three quarters of the epochs.
  public var milestones: [Int] {
    get { givenMilestones ?? Set([epochs / 2, epochs * 3 / 4]).filter { $0 > 0 }.sorted() }
    set { givenMilestones = newValue }
  }
  private var givenMilestones: [Int]?
  /// The factor of the `step` schedule.
  public var gamma = 0.1
  /// The part of all steps in which the rate of `onecycle` rises.
  public var cycleRise = 0.3
  /// Steps over which the learning rate first rises linearly (Goyal et al. 2017).
  public var warmupSteps = 0
  /// How samples are scaled.
  public var normalize = Normalization.auto
  /// The fraction of the training samples that is held back to validate.
  public var validationSplit = 0.0
  /// Random transformations of training images.
  public var augmentation = Augmentation()
  /// The alpha of mixup, which mixes each training sample with another one, from 0 (none) to 1 (Zhang et al. 2018).
  public var mixup = 0.0
  /// Whether the result is the weights of the epoch with the least validation loss instead of the last.
  public var keepBest = false
  /// Stops after this many epochs without a smaller validation loss; nil for never.
  public var patience: Int?
  /// How gradients are summed.
  public var reduction = Reduction.exact

  /// The default recipe: an MLP that reaches 98% on MNIST.
  public init() {}

  /// The decay rates of Adam's first and second moment, each from 0 to below 1.
  public struct Betas: Equatable, Sendable {
    public init(first: Double, second: Double) {
      self.first = first
      self.second = second
    }

    public var first: Double
    public var second: Double
  }

  /// The learning rate, after the linear scaling rule if `lrReferenceBatch` is set.
  public var scaledLearningRate: Double {
    lrReferenceBatch.map { learningRate * Double(batchSize) / Double($0) } ?? learningRate
  }

  /// Which samples its steps take, of so many in the training files.
  package func sampler(datasetCount: Int) -> Sampler {
    Sampler(
      datasetCount: datasetCount, batchSize: batchSize, microBatches: microBatches, seed: seed,
      validationSplit: validationSplit)
  }

  /// How the samples of an epoch are mixed; nil for not at all.
  package func mixup(epoch: Int, _ order: EpochOrder) -> Mixup? {
    mixes ? Mixup(alpha: mixup, seed: seed, epoch: epoch, order: order) : nil
  }

  /// The schedule of a training of so many steps.
  package func learningRateSchedule(totalSteps: Int) -> Schedule {
    let shape: Schedule.Shape =
      switch schedule {
      case .constant: .constant
      case .step: .step(milestones: milestones, gamma: gamma)
      case .cosine: .cosine
      case .onecycle: .oneCycle(rise: cycleRise)
      }
    return Schedule(
      base: scaledLearningRate, shape: shape, warmupSteps: schedule == .onecycle ? 0 : warmupSteps,
      totalSteps: totalSteps)
  }

  /// Throws `LockstepError` (usage) for a value that its flag would refuse, and for values that do not fit together.
  public func check() throws {
    for key in Self.keys { try key.check(self) }
    if keepBest || patience != nil, validationSplit == 0 {
      throw LockstepError(
        .usage, keepBest ? "keep-best" : "patience", expected: "samples to validate on", found: "none",
        fix: "Set --validation-split, for example to 0.1: the test samples must not choose")
    }
    if nesterov, momentum == 0 || !allowsNesterov {
      throw LockstepError(
        .usage, "nesterov", expected: "sgd or lars, with a momentum",
        found: optimizer.rawValue + (allowsNesterov ? ", momentum \(momentum)" : ""),
        fix: "Leave it out, or set "
          + (allowsNesterov ? "--momentum, for example to 0.9" : "--optimizer sgd or lars"))
    }
  }

  /// The layers: `network` if it is not empty, else those of `model`.
  public var layers: [LayerSpecification] {
    guard network.isEmpty else { return network }
    switch model {
    case .linear: return [.dense(outputs: nil)]
    case .mlp: return hidden.flatMap { [.dense(outputs: $0), .relu] } + [.dense(outputs: nil)]
    case .cnn:
      return [
        .conv(outputs: 10, size: 5, stride: 1, padding: 0), .maxPool(size: 2, stride: 2), .relu,
        .conv(outputs: 20, size: 5, stride: 1, padding: 0), .dropout2D(0.5), .maxPool(size: 2, stride: 2),
        .relu,
        .flatten, .dense(outputs: 50), .relu, .dropout(0.5), .dense(outputs: nil),
      ]
    }
  }
}
