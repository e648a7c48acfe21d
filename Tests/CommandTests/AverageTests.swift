import Foundation
import LockstepCore
import Testing

/// `--ema`: averaged weights beside the weights, in what a run prints, logs and saves.
@Suite struct AverageTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  static let recipe = [
    "--batch-size", "203", "--epochs", "3", "--max-steps", "22", "--validation-split", "0.1", "--seed", "7",
  ]

  /// Layers with a running state; two layers whose gradients are never exchanged in shared memory; a whole gradient.
  @Test(arguments: [
    [
      "--ema", "0.9", "--network",
      "conv 18 5x5 stride 2, batchnorm, relu, conv 5 3x3, tanh, batchnorm, dense classes",
    ],
    [
      "--ema", "0.7", "--hidden", "300,24", "--optimizer", "adam", "--keep-best", "--reduction", "exact32",
    ],
    ["--ema", "0.3", "--hidden", "33", "--clip-norm", "0.3", "--reduction", "exact16"],
  ])
  func sameBitsOnAnyNumberOfRanksAndThreads(options: [String]) throws {
    let recipe = Self.recipe + options
    let reference = try scene.train(recipe)
    try #require(reference.hasAverage)
    for (ranks, threads) in [(nil, 2), (nil, 4), (1, 1), (2, 1), (2, 2), (3, 2), (4, 1), (7, 1)]
      as [(Int?, Int)]
    {
      let run = try scene.train(recipe, ranks: ranks, threads: threads)
      try expectSame(run, reference, "\(ranks ?? 0) ranks of \(threads) threads")
    }
    for exchange in ["allreduce", "shared"] {
      try expectSame(scene.train(recipe + ["--exchange", exchange], ranks: 3), reference, exchange)
    }
    for name in InstructionSet.names where InstructionSet.has(name) {
      try expectSame(scene.train(recipe, environment: ["LOCKSTEP_ISA": name]), reference, name)
    }
    // From within an epoch, on other ranks.
    let stopped = try scene.train(recipe + ["--max-steps", "13"], ranks: 3)
    #expect(try stopped.average != reference.average)
    let resumed = try lockstep(
      ["train", "--data", scene.data, "--output", stopped.path, "--resume", "--max-steps", "22"], ranks: 2)
    #expect(resumed.status == 0, "\(resumed.errors)")
    #expect(try stopped.model == reference.model && stopped.average == reference.average)
    // A file of the weights would pass all of this.
    #expect(try reference.average != reference.model)
  }

  /// A job that is killed within an epoch, after checkpoints within it.
  @Test func killed() throws {
    let recipe = Self.recipe + ["--ema", "0.9", "--hidden", "16", "--checkpoint-every", "2"]
    let reference = try scene.train(recipe)
    let path = scene.scratch.file("killed")
    let train = ["train", "--data", scene.data, "--output", path, "--threads", "1"]
    let killed = try lockstep(
      train + recipe, ranks: 3, environment: ["LOCKSTEP_FAULT_SIGNAL": "9:13"])
    #expect(killed.status != 0)
    let resumed = try lockstep(train + ["--resume"], ranks: 2)
    #expect(resumed.status == 0 && resumed.output == reference.result.output, "\(resumed.errors)")
    let average = try Data(contentsOf: URL(fileURLWithPath: path + "/ema.safetensors"))
    #expect(try average == reference.average)
  }

  /// The weights are those of a run without it, which has nothing of it.
  @Test(arguments: [nil, 3]) func whatARunShows(ranks: Int?) throws {
    let options = ["--hidden", "16", "--epochs", "3"]
    let plain = try scene.train(options)
    let run = try scene.train(options + ["--ema", "0.9"], ranks: ranks)
    #expect(try run.model == plain.model && !plain.hasAverage)
    #expect(!"\(try plain.metrics)\(plain.result.output)\(plain.result.errors)".contains(/ema_|average/))
    let path = run.path + "/ema.safetensors"
    let evaluated = try lockstep(["evaluate", path, "--data", scene.data])
    let figures = try #require(evaluated.output.split(separator: "\n").last)
    let lines = run.result.output.split(separator: "\n")
    #expect(
      lines.map(String.init) == [
        "dataset \(scene.data)", String(figures.replacing("accuracy", with: "accuracy of averaged weights")),
        run.accuracyLine, "weights \(plain.digest)",
      ])
    let digest = try lockstep(["digest", path]).output.dropLast()
    let end = try #require(try run.events("end").first)
    #expect(end["ema_weights"] as? String == String(digest) && digest != plain.digest)
    let epochs = try run.events("epoch")
    for name in ["ema_test_accuracy", "ema_test_loss", "ema_weights"] {
      #expect(epochs.allSatisfy { $0[name] != nil })
      #expect("\(try #require(epochs.last?[name]))" == "\(try #require(end[name]))", "\(name)")
    }
    let accuracy = percent(try #require(end["ema_test_accuracy"] as? Double))
    #expect(run.result.errors.contains("averaged \(accuracy), "), "\(run.result.errors)")
    #expect(figures.hasPrefix("test accuracy \(accuracy) ("))
    let curves = try lockstep(["curves", run.path]).output
    #expect(curves.contains("test of averaged weights \(accuracy)"), "\(curves)")
    #expect(try lockstep(["metrics", run.path, "--csv"]).output.contains("ema_test_accuracy"))
    let report = String(decoding: try run.file("report.html"), as: UTF8.self)
    #expect(report.contains("test accuracy of averaged weights") && report.contains(accuracy))
    #expect(!String(decoding: try plain.file("report.html"), as: UTF8.self).contains("averaged"))
  }

  /// Without test samples by those that are held back, else by those of training.
  @Test(arguments: [(["--validation-split", "0.2"], "validation"), ([], "training")])
  func withoutTestSamples(options: [String], part: String) throws {
    let data = scene.scratch.file("untested")
    try FileManager.default.copyItem(atPath: scene.data, toPath: data)
    for name in ["images-idx3", "labels-idx1"] {
      try FileManager.default.removeItem(atPath: "\(data)/t10k-\(name)-ubyte")
    }
    let run = try scene.train(["--hidden", "16", "--epochs", "2", "--ema", "0.9"] + options, data: data)
    #expect(run.result.output.contains("\(part) accuracy of averaged weights "), "\(run.result.output)")
    let name = part == "training" ? "ema_train_accuracy" : "ema_validation_accuracy"
    #expect(try run.events("end").first?[name] != nil)
    let verified = try lockstep(["verify", run.path, "--quiet"])
    #expect(verified.status == 0, "\(verified.errors)")
  }

  @Test func isVerified() throws {
    let run = try scene.train(["--hidden", "16", "--epochs", "3", "--ema", "0.9"])
    let digest = try #require(try run.events("end").first?["ema_weights"] as? String)
    let verified = try lockstep(["verify", run.path, "--quiet"], ranks: 3)
    #expect(
      verified.output.contains("\nema.safetensors: weights \(digest), as recorded\n"), "\(verified.errors)")
    try run.model.write(to: URL(fileURLWithPath: run.path + "/ema.safetensors"))
    let other = try lockstep(["verify", run.path, "--quiet"])
    #expect(other.status == 1 && other.errors.contains("ema.safetensors: expected weights \(digest)"))
    let receipt = run.path + "/receipt.json"
    let text = try String(contentsOfFile: receipt, encoding: .utf8)
    try text.replacing(digest, with: run.digest).write(toFile: receipt, atomically: false, encoding: .utf8)
    let forged = try lockstep(["verify", run.path, "--quiet"])
    #expect(forged.status == 1 && forged.errors.contains("averaged weights: expected \(run.digest)"))
  }

  @Test func isPartOfTheRecipe() throws {
    let run = try scene.train(["--hidden", "16", "--epochs", "1", "--ema", "0.9"])
    let without = try scene.train(["--hidden", "16", "--epochs", "1"])
    for (path, value, told) in [
      (run.path, "0", ["expected ema 0.9, found ema 0.0"]), (run.path, "0.95", ["expected ema 0.9"]),
      (without.path, "0.9", ["expected ema 0.0, found ema 0.9"]),
    ] {
      let result = try lockstep([
        "train", "--data", scene.data, "--output", path, "--resume", "--epochs", "2", "--ema", value,
      ])
      expect(result, status: 65, naming: told + ["--output"])
    }
  }

  /// Said before a step is taken, not after the last.
  @Test func whatIsWrongIsSaidAtOnce() throws {
    for value in ["1", "-0.5", "99.9", "nan", "yes"] {
      let result = try lockstep(["train", "--data", scene.data, "--ema", value], ranks: 2)
      expect(result, status: 64, naming: ["--ema: expected a number from 0 (none) to below 1", "'\(value)'"])
    }
    let slow = try scene.train(["--hidden", "16", "--epochs", "1", "--ema", "0.999"])
    #expect(slow.result.errors.contains("warning: --ema 0.999 averages over about 1000 steps"))
    let path = scene.scratch.file("taken")
    try FileManager.default.createDirectory(
      atPath: path + "/ema.safetensors", withIntermediateDirectories: true)
    let taken = try lockstep(["train", "--data", scene.data, "--output", path, "--ema", "0.9", "--resume"])
    #expect(taken.status != 0 && taken.errors.contains("ema.safetensors"), "\(taken.errors)")
    #expect(!taken.errors.contains("epoch 1"))
  }
}
