import ArgumentParser
import LockstepCore

/// The flags that override a recipe: one for each of its keys.
struct RecipeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A YAML file that sets any of the options below by their names, or the name of a shipped recipe.",
      valueName: "name"))
  var recipe: String?

  @Option(help: "linear, mlp or cnn.") var model: String?
  @Option(help: "Sizes of the hidden layers of mlp, such as 512,512.") var hidden: String?
  @Option(
    help: ArgumentHelp(
      "The layers themselves, instead of a model: 'dense 64, tanh, dense classes'.",
      discussion: "There are \(LayerRegistry.patterns)."))
  var network: String?
  @Option(help: "Passes over the training samples.") var epochs: String?
  @Option(help: "Stop after this many steps; 0 saves the initial weights.") var maxSteps: String?
  @Option(help: "Samples a step, over all ranks.") var batchSize: String?
  @Option(help: "Parts of a batch; the most ranks that can help. Decides the bits.") var microBatches: String?
  @Option(help: "Decides initial weights and order.") var seed: String?
  @Option(help: "sgd, adam or adamw.") var optimizer: String?
  @Option(help: "The learning rate.") var lr: String?
  @Option(help: "The momentum of sgd.") var momentum: String?
  @Option(help: "Added to the gradient, times the weights.") var weightDecay: String?
  @Flag(help: "Nesterov's momentum.") var nesterov = false
  @Option(help: "Adam's decay rates of the moments.") var betas: String?
  @Option(help: "Adam's epsilon.") var epsilon: String?
  @Option(help: "Scale lr by batch-size over this batch size (the linear scaling rule).")
  var lrReferenceBatch: String?
  @Option(help: "constant, step (times gamma at each milestone) or cosine (down to 0).") var schedule: String?
  @Option(help: "Epochs after which the step schedule lowers the rate, such as 3,6.") var milestones: String?
  @Option(help: "The factor of the step schedule.") var gamma: String?
  @Option(help: "Steps over which the rate first rises linearly.") var warmupSteps: String?
  @Option(help: "none, auto, or MEAN,DEVIATION.") var normalize: String?
  @Option(help: "The part of the training samples held back to validate, 0 to 0.9.") var validationSplit:
    String?
  @Option(help: "Shift training images randomly by up to this many pixels.") var augmentShift: String?
  @Option(help: "Rotate training images randomly by up to this many degrees.") var augmentRotate: String?
  @Option(help: "Scale training images randomly by up to this part.") var augmentScale: String?
  @Flag(help: "Keep the weights of the epoch with the least validation loss.") var keepBest = false
  @Option(help: "Stop after this many epochs without a smaller validation loss.") var patience: String?
  @Option(help: "exact: the same bits on any number of ranks; fast: sums in Float.") var reduction: String?

  /// Key and text of each flag given.
  private var overrides: [(key: String, text: String?)] {
    [
      ("model", model), ("hidden", hidden), ("network", network), ("epochs", epochs), ("max-steps", maxSteps),
      ("batch-size", batchSize), ("micro-batches", microBatches), ("seed", seed), ("optimizer", optimizer),
      ("lr", lr), ("momentum", momentum), ("weight-decay", weightDecay),
      ("nesterov", nesterov ? "true" : nil),
      ("betas", betas), ("epsilon", epsilon), ("lr-reference-batch", lrReferenceBatch),
      ("schedule", schedule),
      ("milestones", milestones), ("gamma", gamma), ("warmup-steps", warmupSteps), ("normalize", normalize),
      ("validation-split", validationSplit), ("augment-shift", augmentShift),
      ("augment-rotate", augmentRotate),
      ("augment-scale", augmentScale), ("keep-best", keepBest ? "true" : nil), ("patience", patience),
      ("reduction", reduction),
    ]
  }

  /// Flags override the recipe, the recipe overrides the defaults. `former` stands for the recipe of a run that goes on,
  /// where no other is asked for.
  func resolved(former: Recipe? = nil) throws -> Recipe {
    var result = Recipe()
    if let recipe {
      try result.apply(yaml: try Recipe.path(for: recipe))
    } else if let former {
      result = former
    }
    for (key, text) in overrides {
      if let text { try result.set(key, to: text, subject: "--\(key)") }
    }
    return result
  }
}
