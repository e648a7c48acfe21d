import Foundation
import LockstepCore
import Testing

/// Flags and recipe keys are one set under two spellings.
@Suite struct FlagsTests {
  /// A value of each key that is not the default, as config.yaml spells it, with what gives the key an effect.
  static let values: [String: (value: String, beside: [String])] = [
    "model": ("linear", []), "hidden": ("32,16", []), "network": ("dense 20, tanh, dense classes", []),
    "epochs": ("2", []), "max-steps": ("3", []), "batch-size": ("100", []), "micro-batches": ("5", []),
    "seed": ("9", []), "init": ("runs/first", []), "optimizer": ("adamw", ["--weight-decay", "0.5"]),
    "lr": ("0.5", []), "label-smoothing": ("0.1", []), "class-weights": ("balanced", []),
    "loss": ("mse", []), "normalize-targets": ("none", ["--loss", "mse"]),
    "clip-norm": ("0.5", []), "ema": ("0.99", []), "mixup": ("0.2", []),
    "alpha": ("0.9", ["--optimizer", "rmsprop"]),
    "trust-coefficient": ("0.01", ["--optimizer", "lars"]),
    "cycle-rise": ("0.2", ["--schedule", "onecycle"]), "augment-flip": ("true", []),
    "augment-crop": ("2", []),
    "augment-cutout": ("3", []),
    "momentum": ("0.25", []), "weight-decay": ("0.125", []), "schedule": ("cosine", []),
    "milestones": ("1,7", ["--schedule", "step"]), "gamma": ("0.75", ["--schedule", "step"]),
    "warmup-steps": ("2", []), "nesterov": ("true", []), "betas": ("0.8,0.99", ["--optimizer", "adam"]),
    "epsilon": ("1e-06", ["--optimizer", "adam"]), "lr-reference-batch": ("50", []),
    "augment-shift": ("1.0", []), "augment-rotate": ("5.0", []), "augment-scale": ("0.1", []),
    "keep-best": ("true", ["--validation-split", "0.5"]), "patience": ("4", ["--validation-split", "0.5"]),
    "normalize": ("none", []), "validation-split": ("0.25", []), "reduction": ("fast", []),
  ]

  @Test(arguments: Recipe.keys.map(\.name)) func helpNamesTheFlag(key: String) throws {
    let help = try lockstep(["train", "--help"])
    #expect(help.status == 0)
    #expect(help.errors == "")
    #expect(help.output.contains("\n  --\(key) "))
  }

  @Test(arguments: [
    "--recipe", "--data", "--output", "--threads", "--log-every", "--quiet", "--checkpoint-every", "--keep",
    "--resume", "--stall-timeout", "--max-time", "--trace", "--trace-gradients", "--exchange",
    "--bucket-bytes",
  ])
  func helpNamesTheOther(flag: String) throws {
    #expect(try lockstep(["train", "--help"]).output.contains("\n  \(flag) "))
  }

  @Test func helpNamesEveryLayer() throws {
    let lines = try lockstep(["train", "--help"]).output.split(separator: "\n")
    for form in LayerRegistry.forms { #expect(lines.contains("  \(form.pattern)"), "\(form.pattern)") }
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

  /// As a flag with its value after a space or an equals sign, as a key of a recipe, and as a flag that overrides one.
  @Test(arguments: Recipe.keys.map(\.name)) func eachReachesTheRecipe(key: String) throws {
    let scene = try TrainingScene()
    let (value, beside) = try #require(Self.values[key], "FlagsTests.values lacks the key '\(key)'")
    let recipe = ["--recipe", try scene.file("recipe.yaml", "\(key): \(value)\n")]
    let flag = value == "true" ? ["--\(key)"] : ["--\(key)", value]
    func shown(_ flags: [String]) throws -> [Substring] {
      let result = try lockstep(["train", "--data", scene.data, "--show"] + flags)
      #expect(result.status == 0 && result.errors == "", "\(result.errors)")
      return result.output.split(separator: "\n").filter { $0.contains(": ") }
    }
    let plain = try shown(beside)
    #expect(!plain.contains("\(key): \(value)"))
    for flags in [flag, ["--\(key)=\(value)"], recipe] {
      #expect(try shown(beside + flags).contains("\(key): \(value)"), "\(flags)")
    }
    let standard = try #require(Recipe.keys.first { $0.name == key }).defaultValue
    let dependent = ["lr", "momentum", "milestones"]
    guard let standard, value != "true", !dependent.contains(key) else { return }
    #expect(try shown(beside + recipe + ["--\(key)", standard]) == plain)
  }

  /// Another command line's name, a slip, and what is no option at all.
  @Test(arguments: [
    ("--learning-rate", "Did you mean '--lr'?"), ("--batch", "Did you mean '--batch-size'?"),
    ("--batch_size", "Did you mean '--batch-size'?"), ("--epohcs", "Did you mean '--epochs'?"),
    ("--num-workers", "Did you mean '--threads'?"), ("--config", "Did you mean '--recipe'?"),
    ("--option", "See lockstep train --help"), ("--thread", "Did you mean '--threads'?"),
    ("--device", "trains on CPUs"), ("--nproc", "mpirun -np 4"), ("--dropout", "--network"),
    ("--xyz", "See lockstep train --help"), ("stray", "Unexpected argument 'stray'"),
    ("--epochs", "Missing value for '--epochs'"),
  ]) func whatIsMeantIsSaid(argument: String, told: String) throws {
    let result = try lockstep(["train", argument] + (argument == "--epochs" ? [] : ["3"]), ranks: 2)
    expect(result, status: 64, naming: [told])
  }

  /// Of options that change nothing; a shipped recipe has none.
  @Test(arguments: [
    (["--optimizer", "adam", "--momentum", "0.5"], "--momentum has no effect: the optimizer is adam"),
    (
      ["--network", "dense classes", "--hidden", "3"], "--hidden has no effect: the network lists its layers"
    ),
    (["--model", "linear", "--hidden", "3"], "--hidden has no effect: the model is linear"),
    (["--betas", "0.8,0.9"], "--betas has no effect: the optimizer is sgd"),
    (["--loss", "l1", "--label-smoothing", "0.1"], "--label-smoothing has no effect: the loss is l1"),
    (["--normalize-targets", "none"], "--normalize-targets has no effect: the loss is cross-entropy"),
    (["--gamma", "0.5"], "--gamma has no effect: the schedule is constant"),
    (["--optimizer", "adamw"], "--optimizer adamw without a --weight-decay is adam; 0.01 is common"),
  ]) func anOptionWithoutEffectIsSaid(options: [String], told: String) throws {
    let scene = try TrainingScene()
    let result = try lockstep(["train", "--data", scene.data, "--show"] + options, ranks: 2)
    #expect(result.status == 0)
    #expect(result.errors == "lockstep: warning: \(told)\n")
    for name in RecipesTests.names {
      #expect(try lockstep(["train", "--data", scene.data, "--show", "--recipe", name]).errors == "")
    }
  }

  /// A model that is asked for takes the place of the layers that a recipe lists.
  @Test func aModelOverridesANetwork() throws {
    let scene = try TrainingScene()
    let recipe = ["--recipe", try scene.file("recipe.yaml", "network: [dense 5, relu, dense classes]\n")]
    let result = try lockstep(["train", "--data", scene.data, "--show", "--model", "linear"] + recipe)
    #expect(
      result.output.contains("model: linear") && !result.output.contains("network:"), "\(result.output)")
  }
}
