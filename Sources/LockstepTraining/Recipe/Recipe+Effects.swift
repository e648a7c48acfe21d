import LockstepNetwork

extension Recipe {
  /// Why a key has no effect given the other keys, such as "the optimizer is adam"; nil if it has one.
  package func reasonWithoutEffect(_ key: String) -> String? {
    let hasReason: (isTrue: Bool, reason: String) =
      switch key {
      case "model": (!network.isEmpty, "the network lists its layers")
      case "hidden" where !network.isEmpty: (true, "the network lists its layers")
      case "hidden": (model != .mlp, "the model is \(model.rawValue)")
      case "init": (initialWeights.isEmpty, "no file is named")
      case "network": (network.isEmpty, "no layers are listed")
      case "normalize-targets": (LossRegistry.isOfNumbers(loss) != true, "the loss is \(loss)")
      case "label-smoothing", "class-weights": (loss != LossRegistry.crossEntropy, "the loss is \(loss)")
      case "nesterov": (!allowsNesterov, "the optimizer is \(optimizer.rawValue)")
      case "momentum": (!hasMomentum, "the optimizer is \(optimizer.rawValue)")
      case "betas": (!isAdam, "the optimizer is \(optimizer.rawValue)")
      case "alpha": (optimizer != .rmsprop, "the optimizer is \(optimizer.rawValue)")
      case "trust-coefficient": (optimizer != .lars, "the optimizer is \(optimizer.rawValue)")
      case "epsilon": (optimizer == .sgd, "the optimizer is sgd")
      case "milestones", "gamma": (schedule != .step, "the schedule is \(schedule.rawValue)")
      case "cycle-rise": (schedule != .onecycle, "the schedule is \(schedule.rawValue)")
      case "warmup-steps": (schedule == .onecycle, "the schedule is onecycle, which has a rise of its own")
      default: (false, "")
      }
    return hasReason.isTrue ? hasReason.reason : nil
  }

  var isAdam: Bool { optimizer == .adam || optimizer == .adamw }
  package var mixes: Bool { mixup > 0 }
  package var averagesWeights: Bool { ema > 0 }
  var allowsNesterov: Bool { optimizer == .sgd || optimizer == .lars }
  var hasMomentum: Bool { allowsNesterov || optimizer == .rmsprop }

  /// The keys that have an effect, which are written to files.
  package var effectiveKeys: [RecipeKey] { Self.keys.filter { reasonWithoutEffect($0.name) == nil } }

  /// The default name of a run: the model, or "network" if the recipe lists its layers.
  package var name: String { network.isEmpty ? model.rawValue : "network" }

  /// Whether both have the same values for the keys that have an effect.
  public static func == (left: Recipe, right: Recipe) -> Bool {
    let (keys, others) = (left.effectiveKeys, right.effectiveKeys)
    return keys.map(\.name) == others.map(\.name) && keys.allSatisfy { $0.read(left) == $0.read(right) }
  }
}
