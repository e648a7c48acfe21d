import LockstepCore
import Testing

/// What a program that uses the library may pass by mistake is an error, never a trap or a silent answer.
@Suite struct LibraryChecksTests {
  private func refuse(
    _ kind: LockstepError.Kind, _ subject: String, sourceLocation: SourceLocation = #_sourceLocation,
    _ body: () throws -> some Any
  ) {
    let error = #expect(throws: LockstepError.self, sourceLocation: sourceLocation) { _ = try body() }
    #expect(
      error?.kind == kind && error?.subject == subject, "\(error?.description ?? "")",
      sourceLocation: sourceLocation)
  }

  @Test(arguments: [0, -1, 1025, .min, .max]) func threads(count: Int) {
    refuse(.usage, "--threads") { try ThreadTeam(count: count) }
  }

  @Test func samples() throws {
    for (count, shape, bytes) in [
      (2, [3], 5), (2, [3], 7), (-1, [3], 0), (2, [-3], 0), (1, [], 0), (0, [.max, .max], 0),
      (1, [.max, 2, 0], 0),
      (.max, [.max], 4), (3, [1 << 32, 1 << 32], 0),
    ] {
      refuse(.data, "samples") {
        try SampleTable(
          count: count, shape: shape, element: .uint8, copying: Array(repeating: 1, count: bytes))
      }
    }
    #expect(try SampleTable(count: 0, shape: [3], element: .int16, copying: []).count == 0)
  }

  @Test(arguments: [[], [0], [28, 0], [-1], [.max, .max], [1 << 20, 1 << 20], [.min]]) func inputShapes(
    shape: [Int]
  ) {
    refuse(.usage, "input shape") {
      try Network(inputShape: shape, specification: [.dense(outputs: nil)], classes: 10)
    }
  }

  @Test(arguments: [0, -1, 65_537, .max]) func classes(count: Int) {
    refuse(.usage, "classes") {
      try Network(inputShape: [4], specification: [.dense(outputs: nil)], classes: count)
    }
  }

  @Test(arguments: [
    LayerSpecification.dense(outputs: 0), .dense(outputs: .min),
    .conv(outputs: 1, size: 2, stride: 0, padding: 0),
    .conv(outputs: -3, size: 2, stride: 1, padding: 0), .conv(outputs: 1, size: 2, stride: 1, padding: .max),
    .maxPool(size: 0, stride: 0), .maxPool(size: 2, stride: 0), .dropout(.nan), .dropout2D(1),
  ])
  func layers(layer: LayerSpecification) {
    refuse(.usage, "layer 0") {
      try Network(inputShape: [1, 8, 8], specification: [layer, .flatten, .dense(outputs: nil)], classes: 3)
    }
  }

  /// What a layer looks up is set aside as it is made, before anyone can tell what the network needs.
  @Test(arguments: [
    "conv 30000 1x1, conv 1 100x100 pad 99, flatten, dense classes",
    "conv 1000000 1x1, dropout 0.5, maxpool 28, flatten, dense classes",
  ])
  func tablesOfLayers(layers: String) {
    let specification = try! LayerSpecification.list(layers, subject: "network")
    refuse(
      .usage, specification[1].isConvolution ? "layer 1 (conv 1 100x100 pad 99)" : "layer 1 (dropout 0.5)"
    ) {
      try Network(inputShape: [28, 28], specification: specification, classes: 10)
    }
  }

  @Test func checkpointWriters() throws {
    let directory = CheckpointDirectory(path: "/nowhere")
    for (every, keep, name) in [(0, 0, "keep"), (0, -1, "keep"), (-1, 3, "checkpoint-every")] {
      refuse(.usage, name) { try CheckpointWriter(directory: directory, every: every, keep: keep, safe: nil) }
    }
  }

  @Test func checkpointDirectories() throws {
    let directory = CheckpointDirectory(path: "/nowhere")
    for keep in [0, -1, .min] { refuse(.usage, "keep") { try directory.write([], step: 1, keep: keep) } }
    refuse(.usage, "step") { try directory.write([], step: -1, keep: 1) }
  }

  @Test(arguments: [0, -1, .nan, -Double.infinity]) func stallTimeouts(seconds: Double) {
    refuse(.usage, "timeout") {
      try StallWatch(
        timeout: seconds, words: .init(advice: "", describe: Phase.describe), collective: SingleProcess(),
        tell: { _ in }, end: { _ in fatalError() })
    }
  }

  @Test(arguments: [[2], [], [-1, -1], [.max, .max], [4, 0]]) func tensorsOfOtherShapes(shape: [Int]) {
    let tensor = Safetensors.Tensor(name: "w", shape: shape, values: [1, 2, 3])
    refuse(.data, "w") { try Safetensors(metadata: [:], tensors: [tensor]).serialized() }
  }

  @Test(arguments: [0, -1, 1 << 33]) func synthesizedDigits(count: Int) {
    for (train, test) in [(count, 1), (1, count)] {
      refuse(.usage, "digits") {
        try DataSource.synthetic(train: train, test: test)
          .load(collective: SingleProcess(), team: ThreadTeam(count: 1))
      }
    }
  }

  @Test func noTrainingSamples() throws {
    let directory = try TemporaryDirectory(tinyDataset())
    let data = try Dataset.load(directory: directory.path, for: .evaluation, collective: SingleProcess())
    refuse(.data, directory.path) {
      try Trainer(
        recipe: Recipe(), dataset: data, collective: SingleProcess(), team: ThreadTeam(count: 1))
    }
  }

  /// Restored without a look at `check`.
  @Test func checkpointsThatDoNotFit() throws {
    let data = try formulaDataset(samples: 40, features: 5, classes: 3)
    func trainer(_ change: (inout Recipe) -> Void = { _ in }) throws -> Trainer {
      var recipe = Recipe()
      (recipe.hidden, recipe.epochs) = ([7], 1)
      change(&recipe)
      return try Trainer(
        recipe: recipe, dataset: data, collective: SingleProcess(), team: ThreadTeam(count: 1))
    }
    let good = try trainer().checkpointOfNow()
    try trainer().restore(good)
    for spoil: (inout Checkpoint) -> Void in [
      { $0.tensors[0].values.removeLast() }, { $0.tensors[0].values += [1] },
      { $0.tensors[0].shape = [1, 2] },
      { $0.tensors[0].shape = [.max, .max] }, { $0.tensors.removeLast() },
      { $0.tensors.append($0.tensors[0]) },
      { $0.tensors[1].name = "other" }, { $0.tensors = [] },
    ] {
      var bad = good
      spoil(&bad)
      let trainer = try trainer()
      let before = trainer.parameters.digest
      refuse(.data, "checkpoint") { try trainer.restore(bad) }
      #expect(trainer.parameters.digest == before)
    }
    refuse(.data, "checkpoint") { try trainer { $0.hidden = [70] }.restore(good) }
    refuse(.data, "checkpoint") { try trainer { $0.optimizer = .adam }.restore(good) }
  }
}

extension LayerSpecification {
  fileprivate var isConvolution: Bool { description.hasPrefix("conv") }
}

extension Trainer {
  /// The state at the start.
  fileprivate func checkpointOfNow() throws -> Checkpoint {
    let names = network.tensors.map { ($0.name, $0) }
    let weights = names.map {
      Safetensors.Tensor(name: $0, shape: $1.shape, values: parameters.values(of: $1))
    }
    let moments = names.map {
      Safetensors.Tensor(
        name: "optimizer.first." + $0, shape: $1.shape, values: Array(repeating: 0, count: $1.count))
    }
    return Checkpoint(state: state, recipe: Recipe(), datasetDigest: 1, tensors: weights + moments)
  }
}
