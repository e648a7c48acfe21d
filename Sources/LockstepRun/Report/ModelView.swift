import LockstepData
import LockstepNetwork
import LockstepRanks
import LockstepSupport
import LockstepTraining

/// What there is to see of a model beside its curves: what it makes of samples, what it was trained on, its weights.
struct ModelView {
  /// A sample, with its picture where it is one.
  struct Sample {
    let picture: PNGFile?
    /// What it should be taken for.
    let title: String
  }

  /// A tensor of the weights.
  struct Tensor {
    let name: String
    let shape: [Int]
    let largest: Float
    /// How far it is from its initial value, as a fraction of that one's norm; nil where that is not known.
    let change: Double?
  }

  /// What it was judged by: "test", "validation" or "training" samples.
  var part: String
  /// nil where labels are numbers.
  var report: ClassificationReport?
  /// Where labels are numbers.
  var evaluation: Evaluation?
  /// The step of the checkpoint that it was loaded from, where the run has not ended.
  var checkpointStep: Int?
  /// The most confident ones, with the samples.
  var mistakes: [(mistake: Mistake, sample: Sample)] = []
  /// The first of the first batch, as they were trained on.
  var batch: [Sample] = []
  var isAugmented = false
  /// Whether each is mixed with another one, which its title does not name.
  var isMixed = false
  /// Whether all of the batch are the same, bit for bit.
  var areSamplesAlike = false
  /// How many samples of each class were trained on.
  var trainingSamples: [Int] = []
  /// The first layer's weights where they are pictures.
  var firstLayer: [PNGFile] = []
  var tensors: [Tensor] = []
  /// As `Tensor.change`, of all of them.
  var change: Double?

  private static let most = (mistakes: 24, batch: 32, units: 32)

  /// On rank 0, nil on others. `validation`: the training samples that are held back. Collective.
  ///
  /// Throws as `Evaluator.evaluate` does.
  init?(
    of model: Model, _ recipe: Recipe, _ dataset: Dataset, validation: [Int]?, _ evaluator: Evaluator,
    _ team: ThreadTeam
  ) throws {
    let judges = dataset.test.count > 0 ? dataset.test : dataset.train
    let indices = dataset.test.count > 0 ? nil : validation
    part = dataset.test.count > 0 ? "test" : validation == nil ? "training" : "validation"
    var found: (report: ClassificationReport, mistakes: [Mistake])?
    if model.regression == nil {
      found = try evaluator.mistakes(
        model.parameters, on: judges, indices: indices, most: Self.most.mistakes)
      report = found?.report
      report?.names = model.classNames
    } else {
      evaluation = try evaluator.evaluate(model.parameters, on: judges, indices: indices)
    }
    guard evaluator.isReporter else { return nil }
    let isTransposed = model.pictures?.isTransposed ?? false
    func samples(
      _ numbers: [Int], of split: Split, _ augmenter: Batch.Augmenter? = nil, _ mixup: Mixup? = nil
    ) -> [Sample] {
      let range: ClosedRange<Float>? = split.images.element == .uint8 ? 0...1 : nil
      let report = report
      return zip(numbers, split.numbers(of: numbers, augmenter: augmenter, mixup: mixup, team: team)).map {
        number, values in
        Sample(
          picture: NumberPicture.sample(
            values, shape: split.images.shape, range: range, isTransposed: isTransposed),
          title: split.targets.map { $0.title(of: number) }
            ?? report?.title(Int(split.labels[number])) ?? "")
      }
    }
    let wrong = found?.mistakes ?? []
    mistakes = Array(zip(wrong, samples(wrong.map(\.sample), of: judges)))
    let sampler = recipe.sampler(datasetCount: dataset.train.count)
    let entries = sampler.shard(step: 0, rank: 0, ranks: 1).entries.prefix(Self.most.batch)
    let order = sampler.order(epoch: 0)
    let first = entries.map { order[$0] }
    (isAugmented, isMixed) = (!recipe.augmentation.isNone, recipe.mixes)
    batch = samples(
      first, of: dataset.train,
      isAugmented ? Batch.Augmenter(recipe.augmentation, seed: recipe.seed, epoch: 0) : nil,
      recipe.mixup(epoch: 0, order))
    areSamplesAlike =
      first.count > 1
      && first.allSatisfy { dataset.train.images.sample($0) == dataset.train.images.sample(first[0]) }
    if report != nil { trainingSamples = dataset.trainingSamples(heldBack: validation ?? []) }
    look(at: model.parameters, seed: recipe.initialWeights.isEmpty ? recipe.seed : nil, isTransposed)
  }

  private mutating func look(at parameters: Parameters, seed: UInt64?, _ isTransposed: Bool) {
    let network = parameters.network
    let changes = seed.map { parameters.changes(fromInitial: $0) }
    tensors = network.savedTensors.enumerated().map { number, tensor in
      let largest = (0..<tensor.count).reduce(Float(0)) {
        max($0, abs(parameters.pointer[tensor.flatIndex($1)]))
      }
      return Tensor(
        name: tensor.name, shape: tensor.shape, largest: largest,
        change: network.tensors.indices.contains(number) ? changes?.tensors[number] : nil)
    }
    change = changes?.all
    guard let first = network.tensors.first(where: { $0.name.hasSuffix(".weight") }) else { return }
    let isImage = network.inputShape.count > 1
    let shape: [Int]
    switch first.shape.count {
    case 2 where isImage && first.shape[1] == network.inputShape.reduce(1, *): shape = network.inputShape
    case 4 where first.shape[2] > 1: shape = Array(first.shape[1...])
    default: return
    }
    let unit = shape.reduce(1, *)
    let values = (0..<min(Self.most.units, first.shape[0]) * unit).map {
      parameters.pointer[first.flatIndex($0)]
    }
    let largest = values.reduce(Float(0)) { max($0, abs($1)) }
    firstLayer = stride(from: 0, to: values.count, by: unit).compactMap {
      NumberPicture.weights(
        values[$0..<$0 + unit], shape: shape, largest: largest, isTransposed: isTransposed)
    }
  }
}

extension SampleTable {
  /// A sample's targets, the first of many.
  fileprivate func title(of sample: Int) -> String {
    (0..<min(elementsPerSample, 3)).map { significant(target(sample, $0), 4) }.joined(separator: ", ")
      + (elementsPerSample > 3 ? ", ..." : "")
  }
}
