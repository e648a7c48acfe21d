import LockstepCore
import Testing

/// Which samples are mixed, how much, and what comes of them.
@Suite struct MixupTests {
  private func sampler(_ count: Int, heldBack: Double = 0) -> Sampler {
    Sampler(datasetCount: count, batchSize: 10, microBatches: 4, seed: 7, validationSplit: heldBack)
  }

  private func mixup(_ alpha: Double, _ sampler: Sampler, seed: UInt64 = 7, epoch: Int = 1) -> Mixup {
    Mixup(alpha: alpha, seed: seed, epoch: epoch, order: sampler.order(epoch: epoch))
  }

  /// The part is the smaller of lambda and 1 - lambda: of Beta(a, a), (1 - 2 lambda)² has the mean 1 / (2 a + 1), and
  /// its square the mean 3 / ((2 a + 1) (2 a + 3)).
  @Test(arguments: [1e-4, 0.05, 0.2, 0.4, 1]) func partsAreOfTheBetaDistribution(alpha: Double) {
    let (count, mixup) = (40_000, mixup(alpha, sampler(40_000)))
    var (second, fourth) = (0.0, 0.0)
    for sample in 0..<count {
      let part = Double(mixup.partner(of: sample).part)
      #expect(part >= 0 && part <= 0.5)
      let square = (1 - 2 * part) * (1 - 2 * part)
      second += square / Double(count)
      fourth += square * square / Double(count)
    }
    #expect(abs(second - 1 / (2 * alpha + 1)) < 0.006)
    #expect(abs(fourth - 3 / ((2 * alpha + 1) * (2 * alpha + 3))) < 0.006)
  }

  /// All training samples alike, and none that is held back.
  @Test func partnersAreTrainingSamples() {
    let sampler = sampler(50, heldBack: 0.2)
    let held = Set(sampler.validationIndices)
    var counts = [Int](repeating: 0, count: 50)
    for epoch in 0..<400 {
      let mixup = mixup(0.3, sampler, epoch: epoch)
      for sample in 0..<50 { counts[mixup.partner(of: sample).sample] += 1 }
    }
    #expect(held.count == 10 && held.allSatisfy { counts[$0] == 0 })
    // 500 each, with a deviation of 22.
    #expect(counts.enumerated().allSatisfy { held.contains($0) || (390...610).contains($1) }, "\(counts)")
  }

  @Test func seedEpochAndSampleDecide() {
    let sampler = sampler(1000)
    func partners(seed: UInt64 = 7, epoch: Int = 1, from first: Int = 0) -> [Float] {
      let mixup = mixup(0.5, sampler, seed: seed, epoch: epoch)
      return (first..<first + 20).flatMap { sample in
        let (other, part) = mixup.partner(of: sample)
        return [Float(other), part]
      }
    }
    #expect(partners() == partners())
    for other in [partners(seed: 8), partners(epoch: 2), partners(from: 20)] { #expect(other != partners()) }
  }

  /// Rows are mixed after augmentation, whatever thread has them and whatever else is in the batch.
  @Test(arguments: [Augmentation(), Augmentation(shift: 2, rotate: 20)])
  func rowsAreMixed(augmentation: Augmentation) throws {
    let data = try formulaDataset(samples: 60, shape: [2, 6, 5], classes: 7)
    let sampler = sampler(60)
    let augmenter = augmentation.isNone ? nil : Batch.Augmenter(augmentation, seed: 7, epoch: 1)
    let samples = [3, 59, 3, 0, 11, 20, 21]
    func load(_ samples: [Int], _ mixup: Mixup?, threads: Int = 1) throws -> (rows: [[Float]], batch: Batch) {
      let buffer = AlignedBuffer<Float>(count: samples.count * 64, zero: 0)
      let input = Activations(buffer.pointer, features: 60)
      let batch = Batch(capacity: samples.count, mixes: mixup != nil)
      batch.load(
        samples.count, from: data.train, normalization: .fixed(mean: 0.5, deviation: 0.25),
        augmenter: augmenter,
        mixup: mixup, into: input, team: try ThreadTeam(count: threads)
      ) { samples[$0] }
      return (samples.indices.map { row in (0..<64).map { input.row(row)[$0] } }, batch)
    }
    let mixup = mixup(1, sampler)
    let found = try load(samples, mixup)
    let own = try load(samples, nil).rows
    let others = try load(samples.map { mixup.partner(of: $0).sample }, nil).rows
    for (row, sample) in samples.enumerated() {
      let (other, part) = mixup.partner(of: sample)
      let expected = zip(own[row], others[row]).map { $0.addingProduct(part, $1 - $0) }
      #expect(found.rows[row] == expected)
      let targets = found.batch.targets
      #expect(targets.labels[row] == data.train.labels[sample])
      #expect(targets.others?[row] == data.train.labels[other] && targets.parts?[row] == part)
    }
    for threads in [2, 3] { #expect(try load(samples, mixup, threads: threads).rows == found.rows) }
    #expect(try load([11], mixup).rows[0] == found.rows[4])
    #expect(found.rows != own)
  }

  /// A network that knows nothing has the loss ln 3 of every sample, and so in the weighted mean of both labels.
  @Test func bothLabelsWeightsAreDividedBy() throws {
    let data = try formulaDataset(samples: 60, features: 20, classes: 3)
    var recipe = Recipe()
    (recipe.model, recipe.mixup, recipe.classWeights) = (.linear, 1, .fixed([1, 0, 4]))
    (recipe.batchSize, recipe.maxSteps) = (30, 1)
    let trainer = try Trainer(
      recipe: recipe, dataset: data, collective: SingleProcess(), team: try ThreadTeam(count: 1))
    trainer.parameters.pointer.update(repeating: 0, count: trainer.parameters.count)
    _ = try trainer.advance()
    #expect(abs(trainer.state.total.lossSum / 30 - logarithm(3)) < 1e-5)
  }

  /// A user's loss has two labels of a row one after the other.
  @Test func lossesOfOnesOwnMixLabels() throws {
    struct Own: Loss {
      static let name = "cross-entropy-of-mixed-labels"
      static let isOfClasses = true
      static func evaluate(_ outputs: [Float], _ target: LossTarget, gradient: inout [Float]) -> Double {
        let powers = outputs.map { exponential(Double($0) - Double(outputs.max()!)) }
        let sum = powers.reduce(0, +)
        for i in outputs.indices { gradient[i] = Float(powers[i] / sum) - (i == target.label ? 1 : 0) }
        return -logarithm(powers[target.label] / sum)
      }
    }
    let (rows, classes) = (6, 4)
    let logits = AlignedBuffer<Float>(count: rows * 16, zero: 0)
    for row in 0..<rows {
      for c in 0..<classes { logits.pointer[row * 16 + c] = Golden.number(row, c) }
    }
    let labels = (0..<rows).map { Int32($0 % classes) }
    let others = (0..<rows).map { Int32($0 * $0 % classes) }
    let parts = (0..<rows).map { Float($0) / 10 }
    func evaluate(_ loss: any BatchLoss) -> (Double, [Double]) {
      let gradient = AlignedBuffer<Float>(count: rows * 16, zero: 0)
      labels.withUnsafeBufferPointer { labels in
        others.withUnsafeBufferPointer { others in
          parts.withUnsafeBufferPointer { parts in
            loss.evaluate(
              0..<rows, outputs: Activations(logits.pointer, features: classes),
              targets: BatchTargets(
                labels: labels.baseAddress!, others: others.baseAddress!, parts: parts.baseAddress!),
              divisor: Double(rows), gradient: Activations(gradient.pointer, features: classes))
          }
        }
      }
      return (loss.total(rows: rows, divisor: Double(rows)).loss.value, gradient.elements.map(Double.init))
    }
    try LossRegistry.register(Own.self)
    let own = evaluate(
      try LossRegistry.make(Own.name, outputs: classes, capacity: rows, scaling: .none(columns: 0)))
    let known = evaluate(SoftmaxCrossEntropy(classes: classes, capacity: rows))
    #expect(abs(own.0 - known.0) < 1e-6 && relativeError(own.1, known.1) < 1e-6)
  }
}
