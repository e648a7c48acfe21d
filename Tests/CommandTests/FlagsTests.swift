import Foundation
import LockstepCore
import Testing

/// Flags and recipe keys are one set under two spellings.
@Suite struct FlagsTests {
  /// A value of each key that is not the default, as config.yaml spells it.
  static let values = [
    "model": "linear", "hidden": "32,16", "network": "dense 20, tanh, dense classes", "epochs": "2",
    "max-steps": "3", "batch-size": "100",
    "micro-batches": "5", "seed": "9", "optimizer": "sgd", "lr": "0.5", "momentum": "0.25",
    "weight-decay": "0.125", "schedule": "constant", "milestones": "1,7", "gamma": "0.75",
    "warmup-steps": "2", "nesterov": "true", "betas": "0.8,0.99", "epsilon": "1e-06",
    "lr-reference-batch": "50", "augment-shift": "1.0", "augment-rotate": "5.0", "augment-scale": "0.1",
    "keep-best": "true", "patience": "4", "normalize": "none", "validation-split": "0.25",
    "reduction": "fast",
  ]

  @Test(arguments: Recipe.keys.map(\.name)) func helpNamesTheFlag(key: String) throws {
    let help = try lockstep(["train", "--help"])
    #expect(help.status == 0)
    #expect(help.errors == "")
    #expect(help.output.contains("\n  --\(key) "))
  }

  @Test(arguments: [
    "--recipe", "--data", "--output", "--threads", "--log-every", "--quiet", "--checkpoint-every", "--keep",
    "--resume", "--stall-timeout",
  ])
  func helpNamesTheOther(flag: String) throws {
    #expect(try lockstep(["train", "--help"]).output.contains("\n  \(flag) "))
  }

  /// All on one line, as they would be without the breaks.
  @Test func helpNamesEveryLayer() throws {
    let words = try lockstep(["train", "--help"]).output.split { $0.isWhitespace }.joined(separator: " ")
    #expect(words.contains("There are \(LayerRegistry.patterns)."))
  }

  /// Three ranks show it once.
  @Test(arguments: [["--help"], ["train", "--help"], ["help", "digest"], ["--version"]])
  func helpIsShownOnce(arguments: [String]) throws {
    let alone = try lockstep(arguments)
    let ranks = try lockstep(arguments, ranks: 3)
    #expect(alone.status == 0 && ranks.status == 0)
    #expect(!alone.output.isEmpty)
    #expect(ranks.output == alone.output)
  }

  /// As a flag, as a key of a recipe, and as a flag that overrides the recipe.
  @Test func eachReachesTheRecipe() throws {
    let scene = try TrainingScene()
    var yaml = ""
    var flags: [String] = []
    for key in Recipe.keys.map(\.name) {
      let value = try #require(Self.values[key], "FlagsTests.values lacks the key '\(key)'")
      yaml += "\(key): \(value)\n"
      flags += value == "true" ? ["--\(key)"] : ["--\(key)", value]
    }
    let recipe = ["--recipe", try scene.file("recipe.yaml", yaml)]
    let expected = yaml
    #expect(try config(scene.train(flags)) == expected)
    #expect(try config(scene.train(recipe)) == expected)
    let overridden = try config(scene.train(recipe + ["--lr", "0.0625"]))
    #expect(overridden == expected.replacing("lr: 0.5", with: "lr: 0.0625"))
  }

  private func config(_ run: TrainingRun) throws -> String {
    String(decoding: try run.file("config.yaml"), as: UTF8.self)
  }
}
