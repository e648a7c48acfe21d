import LockstepCore
import Testing

/// A training that is stopped anywhere and goes on elsewhere comes to what it would have come to.
@Suite struct ResumeTests {
  static let recipes: [[String: String]] = [
    ["momentum": "0"], ["momentum": "0.9", "keep-best": "true"],
    ["optimizer": "adamw", "weight-decay": "0.1", "schedule": "cosine"],
    ["optimizer": "adam", "reduction": "exact", "keep-best": "true", "patience": "2", "epochs": "9"],
    ["optimizer": "adam", "reduction": "exact32", "keep-best": "true"],
    ["momentum": "0.9", "reduction": "exact16"],
    ["ema": "0.8"], ["optimizer": "lars", "weight-decay": "0.001", "lr": "5"],
    [
      "optimizer": "adam", "ema": "0.9", "keep-best": "true", "reduction": "exact32",
      "network": "dense 18, batchnorm, relu, dense classes",
    ],
    [
      "optimizer": "rmsprop", "momentum": "0.5", "schedule": "onecycle", "label-smoothing": "0.1",
      "clip-norm": "0.2",
    ],
  ]

  private func recipe(_ options: [String: String]) throws -> Recipe {
    var recipe = Recipe()
    (recipe.hidden, recipe.epochs, recipe.batchSize, recipe.validationSplit) = ([20], 3, 37, 0.1)
    (recipe.learningRate, recipe.milestones) = (0.01, [1])
    for (key, value) in options { try recipe.set(key, to: value, subject: key) }
    return recipe
  }

  /// How a part of a training ended, on rank 0.
  private struct Part {
    var result: TrainingResult?
    var error: String?
    var recorder = Recorder()
  }

  /// Trains until the end, or until rank `stopper` wants to stop; from the directory's newest checkpoint, if there is
  /// one.
  private func train(
    _ recipe: Recipe, ranks: Int, exchange: ExchangeName = .auto, in directory: CheckpointDirectory,
    stopAt: Int? = nil, stopper: Int = 0, every: Int = 0
  ) throws -> Part {
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    let parts = ThreadedCollective.run(nodes: (0..<ranks).map { $0 / 2 }) { collective in
      let trainer = try Trainer(
        recipe: recipe, dataset: data, collective: collective, team: try ThreadTeam(count: 1),
        exchange: exchange)
      trainer.shouldStop = { $0 == stopAt && collective.rank == stopper }
      if let (checkpoint, path, _) = try directory.newest(collective: collective, fix: "", tell: { _ in }) {
        try checkpoint.check(recipe, data, path: path)
        try trainer.check(checkpoint, path: path)
        try trainer.restore(checkpoint)
      }
      let writer =
        collective.rank == 0
        ? try CheckpointWriter(directory: directory, every: every, keep: 100, safe: nil) : nil
      var part = Part()
      do {
        part.result = try trainer.train(observer: part.recorder, checkpoints: writer)
      } catch let error as AgreedError {
        part.error = "\(error.exitStatus): \(error)"
      }
      return part
    }
    for part in parts { #expect(try part.get().error == parts[0].get().error) }
    return try parts[0].get()
  }

  private func directory(_ scratch: TemporaryDirectory, _ name: String) -> CheckpointDirectory {
    CheckpointDirectory(path: scratch.path + "/" + name)
  }

  /// Every step but the last: within an epoch, and after its last step, where the evaluation is still to come.
  @Test(arguments: recipes) func fromAnyStepOnOtherRanks(options: [String: String]) throws {
    let recipe = try recipe(options)
    let scratch = try TemporaryDirectory()
    let whole = try train(recipe, ranks: 1, in: directory(scratch, "whole"))
    let expected = try #require(whole.result)
    #expect(expected.steps > 8)
    #expect((expected.averaged != nil) == (recipe.ema > 0))
    let last = directory(scratch, "whole").file(step: expected.steps)
    for step in 1...expected.steps {
      let place = directory(scratch, "\(step)")
      let ranks = [4, 3, 1, 2, 7][step % 5]
      let first = try train(recipe, ranks: ranks, in: place, stopAt: step, stopper: ranks - 1)
      #expect(first.error?.hasPrefix("75: ") == true && first.error?.contains(place.file(step: step)) == true)
      #expect(first.result == nil)
      let second = try train(recipe, ranks: [3, 1, 2, 4][step % 4], in: place)
      #expect(second.result?.digest == expected.digest, "stopped at \(step)")
      #expect(second.result?.test == expected.test)
      #expect(second.result?.averaged == expected.averaged)
      let losses = (first.recorder.epochs + second.recorder.epochs).map(\.trainLoss)
      #expect(Bits(losses) == Bits(whole.recorder.epochs.map(\.trainLoss)))
      #expect(
        (first.recorder.steps + second.recorder.steps).map(\.epochAccuracy)
          == whole.recorder.steps.map(\.epochAccuracy))
      // The last checkpoints are equal to the bit as well.
      #expect(
        try readFile(place.file(step: expected.steps), limit: 1 << 20, kind: .data)
          == readFile(last, limit: 1 << 20, kind: .data))
    }
  }

  @Test(arguments: [ExchangeName.allreduce, .shared], ["exact", "exact16"])
  func byEveryExchange(exchange: ExchangeName, reduction: String) throws {
    let recipe = try recipe(["optimizer": "adam", "keep-best": "true", "reduction": reduction])
    let scratch = try TemporaryDirectory()
    let expected = try train(recipe, ranks: 1, in: directory(scratch, "whole"))
    let place = directory(scratch, "parts")
    for (ranks, step) in [(4, 2), (5, 6), (3, 9)] {
      #expect(try train(recipe, ranks: ranks, exchange: exchange, in: place, stopAt: step).error != nil)
    }
    #expect(
      try train(recipe, ranks: 2, exchange: exchange, in: place).result?.digest == expected.result?.digest)
  }

  /// The checkpoints that a run writes on its way are those of its steps, whoever shares the work.
  @Test func everyCheckpointOnTheWay() throws {
    let recipe = try recipe(["optimizer": "adam"])
    let scratch = try TemporaryDirectory()
    _ = try train(recipe, ranks: 1, in: directory(scratch, "one"), every: 1)
    _ = try train(recipe, ranks: 4, exchange: .shared, in: directory(scratch, "four"), every: 1)
    #expect(directory(scratch, "one").steps == Array(1...12))
    for step in 1...12 {
      #expect(
        try readFile(directory(scratch, "one").file(step: step), limit: 1 << 20, kind: .data)
          == readFile(directory(scratch, "four").file(step: step), limit: 1 << 20, kind: .data),
        "step \(step)")
    }
  }

  @Test func moreEpochsMayBeAskedFor() throws {
    let scratch = try TemporaryDirectory()
    let whole = try train(recipe(["epochs": "5"]), ranks: 1, in: directory(scratch, "whole"))
    let place = directory(scratch, "parts")
    for options in [["epochs": "2"], ["epochs": "5", "max-steps": "14"], ["epochs": "5"]] {
      _ = try train(recipe(options), ranks: 2, in: place)
    }
    let last = try train(recipe(["epochs": "5"]), ranks: 1, in: place)
    #expect(last.result?.digest == whole.result?.digest)
    #expect(last.recorder.steps.isEmpty, "nothing was left")
    expectDataError(place.file(step: 20), ["at most the 16 steps asked for", "step 20"]) {
      try train(recipe(["epochs": "4"]), ranks: 1, in: place)
    }
  }

  /// A trainer, and the checkpoint of the same training stopped after five steps.
  private func stopped(_ recipe: Recipe) throws -> (Trainer, Checkpoint) {
    let data = try formulaDataset(samples: 150, features: 13, classes: 4)
    let scratch = try TemporaryDirectory()
    let place = directory(scratch, "run")
    _ = try train(recipe, ranks: 1, in: place, stopAt: 5)
    let bytes = try readFile(place.file(step: 5), limit: 1 << 20, kind: .data)
    let trainer = try Trainer(
      recipe: recipe, dataset: data, collective: SingleProcess(), team: try ThreadTeam(count: 1))
    return (trainer, try Checkpoint(bytes: bytes, path: "f"))
  }

  /// A checkpoint that fits the recipe but not the network, which only an edited file can be.
  @Test func aCheckpointThatDoesNotFit() throws {
    let (trainer, good) = try stopped(recipe(["keep-best": "true"]))
    #expect(throws: Never.self) { try trainer.check(good, path: "f") }
    let changes: [(String, (inout Checkpoint) -> Void)] = [
      ("tensor", { $0.tensors.removeLast() }),
      ("tensors", { $0.tensors.append(.init(name: "more", shape: [], values: [1])) }),
      ("shape [2]", { $0.tensors[0] = .init(name: $0.tensors[0].name, shape: [2], values: [1, 2]) }),
      ("position", { $0.state.stepOfEpoch = 2 }), ("position", { $0.state.epoch = 1 << 40 }),
      ("position", { $0.state.convergence.bestEpoch = 2 }),
    ]
    for (fragment, change) in changes {
      var checkpoint = good
      change(&checkpoint)
      expectDataError("f", [fragment]) { try trainer.check(checkpoint, path: "f") }
    }
  }

  /// So may the magnitudes that the next step's grids are chosen by.
  @Test func magnitudesThatDoNotFit() throws {
    let (trainer, good) = try stopped(recipe(["reduction": "exact16"]))
    let name = "gradient.largest"
    let number = try #require(good.tensors.firstIndex { $0.name == name })
    let magnitudes = good.tensors[number].values
    #expect(magnitudes.count == 4 && magnitudes.allSatisfy { $0 > 0 && $0 < 1 }, "\(magnitudes)")
    #expect(throws: Never.self) { try trainer.check(good, path: "f") }
    var others: [[Float]] = [Float.nan, -0.5, .infinity].map { magnitudes.dropLast() + [$0] }
    others += [magnitudes + [1], []]
    for values in others {
      var checkpoint = good
      checkpoint.tensors[number] = .init(name: name, shape: [values.count], values: values)
      expectDataError("f", [name]) { try trainer.check(checkpoint, path: "f") }
    }
    var checkpoint = good
    checkpoint.tensors.remove(at: number)
    expectDataError("f", [name, "none"]) { try trainer.check(checkpoint, path: "f") }
  }
}
