import LockstepData
import LockstepNetwork
import LockstepSupport

extension Recipe {
  /// Every key, in the order in which a recipe is written: flags, files, help, limits and the schema derive from it.
  public static let keys: [RecipeKey] = [
    .choice("model", \.model, "linear, mlp or cnn."),
    .listOf(
      "hidden", \.hidden, "Sizes of the hidden layers of mlp.",
      expected: "sizes of hidden layers such as 512,512, each 1 to 1000000",
      element: { Int($0).flatMap { 1...1_000_000 ~= $0 ? $0 : nil } }),
    .value(
      "network", \.network, "The layers themselves, instead of a model: 'dense 64, tanh, dense classes'.",
      .list,
      expected: "a list of layers", read: LayerSpecification.text,
      parse: { try LayerSpecification.list($0, subject: "network") }),
    .integer("epochs", \.epochs, 1...1_000_000, "Passes over the training samples."),
    .optional(
      "max-steps", \.maxSteps, 0...1 << 40, "Stop after this many steps; 0 saves the initial weights."),
    .integer("batch-size", \.batchSize, 1...1_000_000, "Samples a step, over all ranks."),
    .integer(
      "micro-batches", \.microBatches, 1...1024,
      "Parts of a batch; the most ranks that can help. Decides the bits."),
    .value(
      "seed", \.seed, "Decides initial weights and order.", .integer(0...Int.max),
      expected: "a whole number from 0 to 18446744073709551615", read: { String($0) }, parse: { UInt64($0) }),
    .value(
      "init", \.initialWeights,
      "Start from the weights of a run, or of a safetensors file, as far as they fit.",
      expected: "the name of a file or a run", read: { $0 },
      parse: { $0.contains { $0.isNewline } ? nil : $0 }),
    .value(
      "loss", \.loss, "cross-entropy of classes; mse or l1 of labels that are numbers.",
      .choice(LossRegistry.names), expected: "one of " + LossRegistry.names.joined(separator: ", "),
      read: { $0 },
      parse: { LossRegistry.isOfNumbers($0) == nil ? nil : $0 }),
    .choice(
      "normalize-targets", \.normalizeTargets,
      "auto (labels that are numbers by the training data's mean and deviation) or none."),
    .number(
      "label-smoothing", \.labelSmoothing, 0...0.9,
      "The part of a label that all classes share evenly in training."),
    .value(
      "class-weights", \.classWeights,
      "How much samples of each class count in training: none (all the same), balanced, or numbers.", .list,
      expected: "none, balanced, or a number of at least 0 for each class such as 1,2.5,1",
      read: \.description,
      parse: { ClassWeights($0) }),
    .choice("optimizer", \.optimizer, "sgd, adam, adamw, rmsprop or lars."),
    .number(
      "lr", \.learningRate, Double.leastNonzeroMagnitude...1e6, "The learning rate.",
      default: OptimizerName.allCases.map { "\($0.defaultLearningRate) for \($0.rawValue)" }.joined(
        separator: ", "),
      expected: "a number above 0, at most 1000000"),
    .number(
      "momentum", \.momentum, 0...0.999999, "The momentum of sgd, lars or rmsprop.",
      default: "0.9 for sgd and lars, 0 for rmsprop"),
    .number(
      "weight-decay", \.weightDecay, 0...1e3,
      "Added to the gradient, times the weights; by adamw, to the update; by lars, of matrices alone."),
    .flag("nesterov", \.nesterov, "Nesterov's momentum."),
    .value(
      "betas", \.betas, "Adam's decay rates of the moments.", .list,
      expected: "two numbers from 0 to below 1 such as 0.9,0.999", read: { "\($0.first),\($0.second)" },
      parse: { text in
        guard let betas = list(text, { Double($0) }), betas.count == 2, betas.allSatisfy({ 0..<1 ~= $0 })
        else { return nil }
        return Betas(first: betas[0], second: betas[1])
      }),
    .number("alpha", \.alpha, 0...0.999999, "The decay rate of rmsprop's mean square."),
    .number("epsilon", \.epsilon, 1e-30...1, "The epsilon of adam, rmsprop and lars."),
    .number(
      "trust-coefficient", \.trustCoefficient, Double.leastNonzeroMagnitude...1e3,
      "How far lars moves a matrix at the rate 1, as a part of its norm; biases and scales take lr itself.",
      expected: "a number above 0, at most 1000"),
    .value(
      "clip-norm", \.clipNorm, "Scale gradients of a larger Euclidean norm down to this one.",
      expected: "a number above 0, at most 1000000, or none", read: { $0.map { "\($0)" } ?? "none" },
      parse: { text in
        text == "none" ? .some(nil) : Double(text).flatMap { $0 > 0 && $0 <= 1e6 ? .some($0) : nil }
      }),
    .number(
      "ema", \.ema, 0...1.0.nextDown,
      "Also evaluate and save an exponential moving average of the weights, of this decay; 0 for none.",
      expected: "a number from 0 (none) to below 1 such as 0.999"),
    .optional(
      "lr-reference-batch", \.lrReferenceBatch, 1...1_000_000,
      "Scale lr by batch-size over this batch size (the linear scaling rule)."),
    .choice(
      "schedule", \.schedule,
      "constant, step (times gamma at each milestone), cosine (down to 0) or onecycle (up to lr, then down)."),
    .listOf(
      "milestones", \.milestones, "Epochs after which the step schedule lowers the rate.",
      default: "half and three quarters of the epochs",
      expected: "epochs such as 3,6, after which the rate is multiplied by gamma",
      element: { Int($0).flatMap { $0 >= 0 ? $0 : nil } }),
    .number("gamma", \.gamma, 0...1e3, "The factor of the step schedule."),
    .number("cycle-rise", \.cycleRise, 0...1, "The part of all steps in which the rate of onecycle rises."),
    .integer(
      "warmup-steps", \.warmupSteps, 0...1_000_000_000, "Steps over which the rate first rises linearly."),
    .value(
      "normalize", \.normalize, "none, auto (by the training data), or MEAN,DEVIATION.", .list,
      expected: "none, auto, or MEAN,DEVIATION such as 0.1307,0.3081, the deviation above 0",
      read: \.description, parse: { Normalization($0) }),
    .number(
      "validation-split", \.validationSplit, 0...0.9,
      "The part of the training samples held back to validate."),
    .number(
      "augment-shift", \.augmentation.shift, 0...1000,
      "Shift training images randomly by up to this many pixels."),
    .number(
      "augment-rotate", \.augmentation.rotate, 0...180,
      "Rotate training images randomly by up to this many degrees."),
    .number(
      "augment-scale", \.augmentation.scale, 0...0.9, "Scale training images randomly by up to this part."),
    .flag("augment-flip", \.augmentation.flip, "Mirror every second training image, at random."),
    .integer(
      "augment-crop", \.augmentation.crop, 0...1000,
      "Shift training images randomly by up to this many whole pixels: a crop of the padded image."),
    .integer(
      "augment-cutout", \.augmentation.cutout, 0...1000,
      "Blank a square of this many pixels a side, at random, in training images."),
    .number(
      "mixup", \.mixup, 0...1,
      "Mix each training sample with another one, by a part from Beta(mixup, mixup); 0 for none. Training accuracy "
        + "is that of mixed samples."),
    .flag("keep-best", \.keepBest, "Keep the weights of the epoch with the least validation loss."),
    .optional(
      "patience", \.patience, 1...1_000_000, "Stop after this many epochs without a smaller validation loss."),
    .choice(
      "reduction", \.reduction,
      "exact: the same bits on any number of ranks; exact32, exact16: also, in 4 or 2 bytes instead of 8; "
        + "fast: sums in Float."),
  ]

  /// Sets the key named `name` from its text; `subject` names it in messages: the flag, or the key and its file.
  ///
  /// Throws `LockstepError` (usage) for an unknown key, suggesting a similar one, and for a value out of range.
  public mutating func set(_ name: String, to text: String, subject: String) throws {
    guard let key = Self.keys.first(where: { $0.name == name }) else {
      throw LockstepError(
        .usage, subject, expected: "a recipe key", found: "'\(name)'",
        fix: suggestedName(for: name, among: Self.keys.map(\.name)).map { "Did you mean '\($0)'?" }
          ?? "The keys are \(Self.keys.map(\.name).joined(separator: ", "))")
    }
    do {
      if try key.write(&self, text) { return }
      throw LockstepError(.usage, subject, expected: key.expected, found: "'\(text)'")
    } catch var error as LockstepError {
      error.subject = subject
      throw error
    }
  }
}
