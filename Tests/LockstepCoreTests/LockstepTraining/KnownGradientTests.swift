import LockstepCore
import Testing

/// The digests of a step whose gradient is known: a linear model of zeros gives each of two classes one half, and with
/// four samples of small whole numbers all that follows is exact, in any arithmetic.
@Suite struct KnownGradientTests {
  static let samples: [[Float]] = [[1, 0, 2], [0, 3, -1], [4, 1, 0], [-2, 0, 8]]
  static let labels: [Int32] = [1, 0, 1, 1]

  private func data() throws -> Dataset {
    let bytes = Self.samples.joined().flatMap { value in
      withUnsafeBytes(of: value.bitPattern.bigEndian) { Array($0) }
    }
    let images = try SampleTable(count: 4, shape: [3], element: .float32, copying: bytes)
    let split = Split(images: images, labels: Self.labels)
    return try Dataset(train: split, test: split, name: "known")
  }

  private func recipe(_ reduction: Reduction) -> Recipe {
    var recipe = Recipe()
    (recipe.model, recipe.batchSize, recipe.maxSteps) = (.linear, 4, 1)
    (recipe.learningRate, recipe.momentum, recipe.schedule) = (0.5, 0, .constant)
    (recipe.normalize, recipe.validationSplit, recipe.microBatches) = (.none, 0, 3)
    recipe.reduction = reduction
    return recipe
  }

  /// Row-major: d loss / d weight[class][feature] and d bias[class].
  private static let gradients: [String: [Float]] = {
    var (weight, bias) = ([Float](repeating: 0, count: 6), [Float](repeating: 0, count: 2))
    for (sample, label) in zip(samples, labels) {
      for c in 0..<2 {
        let slope = (0.5 - (c == Int(label) ? 1 : 0)) / 4 as Float
        bias[c] += slope
        for f in 0..<3 { weight[3 * c + f] += slope * sample[f] }
      }
    }
    return ["layers.0.weight": weight, "layers.0.bias": bias]
  }()

  /// FNV-1a as its authors give it.
  private static func hash(_ bytes: some Sequence<UInt8>) -> UInt64 {
    bytes.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
  }

  private static func bytes(_ words: [UInt32]) -> [UInt8] {
    words.flatMap { word in withUnsafeBytes(of: word.littleEndian) { Array($0) } }
  }

  private static func digest(_ name: String, _ values: [Float]) -> UInt64 {
    hash(Array(name.utf8) + [0] + bytes(values.map(\.bitPattern)))
  }

  /// The trainer that rank 0 had, and what it told.
  private func train(_ reduction: Reduction, nodes: [Int], _ exchange: ExchangeName) throws -> (
    Trainer, StepDigests
  ) {
    let results = ThreadedCollective.run(nodes: nodes) { collective in
      let trainer = try Trainer(
        recipe: recipe(reduction), dataset: try data(), collective: collective,
        team: try ThreadTeam(count: 1), exchange: exchange)
      try trainer.initialize(
        trainer.network.tensors.map { ($0, [Float](repeating: 0, count: $0.count)) })
      trainer.tracedSteps = 1...1
      let recorder = Recorder()
      _ = try trainer.train(observer: recorder)
      return (trainer, recorder)
    }
    let (trainer, recorder) = try results[0].get()
    for result in results.dropFirst() { #expect(try result.get().1.digests.isEmpty) }
    return (trainer, try #require(recorder.digests.first))
  }

  @Test(arguments: Reduction.allCases, [[0], [0, 0], [0, 0, 0, 0], [0, 1], [0, 0, 1]])
  func isDigested(reduction: Reduction, nodes: [Int]) throws {
    for exchange in [ExchangeName.auto, .shared, .allreduce] {
      let (trainer, found) = try train(reduction, nodes: nodes, exchange)
      #expect(found.step == 1 && found.epoch == 1 && found.learningRate == 0.5)
      #expect(abs(found.loss - 0.693147180559945) < 1e-7)
      #expect(found.tensors.map(\.name) == ["layers.0.bias", "layers.0.weight"])
      for tensor in found.tensors {
        let gradient = try #require(Self.gradients[tensor.name])
        let zeros = gradient.map { _ in Float(0) }
        #expect(tensor.before.digest == Self.digest(tensor.name, zeros))
        #expect(tensor.gradient.digest == Self.digest(tensor.name, gradient), "\(exchange)")
        #expect(tensor.after.digest == Self.digest(tensor.name, gradient.map { 0 - 0.5 * $0 }))
        let largest = gradient.map(\.magnitude).max()!
        #expect(tensor.before.largest == 0 && tensor.gradient.largest == largest)
        #expect(tensor.after.largest == largest / 2)
        let own = trainer.network.tensors.first { $0.name == tensor.name }!
        #expect(tensor.after.digest == trainer.parameters.digest(of: own))
      }
      try expectBatch(found.batch, trainer)
    }
  }

  private func expectBatch(_ batch: BatchDigest, _ trainer: Trainer) throws {
    let order = trainer.sampler.order(epoch: 0)
    var (places, inputs): (UInt64, UInt64) = (0, 0)
    for position in 0..<4 {
      let index = order[position]
      let place = [UInt32(position), UInt32(index)]
      places &+= Self.hash(Self.bytes(place + [UInt32(bitPattern: Self.labels[index])]))
      inputs &+= Self.hash(Self.bytes(place + Self.samples[index].map(\.bitPattern)))
    }
    #expect(batch.samples == 4 && batch.order == places && batch.inputs == inputs && batch.largest == 8)
  }
}
