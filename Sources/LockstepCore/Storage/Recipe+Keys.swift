extension Recipe {
  /// One key of a recipe, which is also the flag `--name`.
  public struct Key: Sendable {
    public let name: String
    let read: @Sendable (Recipe) -> String
    /// Returns false where the text is no value of this key, or throws a `LockstepError` that says more.
    let write: @Sendable (inout Recipe, String) throws -> Bool
    /// What a value must be, for messages.
    let expected: String

    /// Throws where the recipe's value, written out, would not be read again: one limit for flags, files and
    /// properties.
    func check(_ recipe: Recipe) throws {
      var copy = recipe
      let text = read(recipe)
      if try write(&copy, text) { return }
      throw LockstepError(.usage, name, expected: expected, found: "'\(text)'")
    }
  }

  /// Every key, in the order in which a recipe is written.
  public static let keys: [Key] = [
    choice("model", \.model),
    Key(
      name: "hidden", read: { $0.hidden.map(String.init).joined(separator: ",") },
      write: { recipe, text in
        let sizes = list(text) { Int($0) }
        guard let sizes, sizes.allSatisfy({ 1...1_000_000 ~= $0 }) else { return false }
        recipe.hidden = sizes
        return true
      }, expected: "sizes of hidden layers such as 512,512, each 1 to 1000000"),
    Key(
      name: "network", read: { $0.network.map(\.description).joined(separator: ", ") },
      write: { recipe, text in
        recipe.network = try LayerSpecification.list(text, subject: "network")
        return true
      }, expected: "a list of layers"),
    integer("epochs", \.epochs, 1...1_000_000),
    optional("max-steps", \.maxSteps, 0...1 << 40),
    integer("batch-size", \.batchSize, 1...1_000_000),
    integer("micro-batches", \.microBatches, 1...1024),
    Key(
      name: "seed", read: { String($0.seed) },
      write: { recipe, text in
        guard let seed = UInt64(text) else { return false }
        recipe.seed = seed
        return true
      }, expected: "a whole number from 0 to 18446744073709551615"),
    choice("optimizer", \.optimizer),
    number(
      "lr", \.learningRate, Double.leastNonzeroMagnitude...1e6, expected: "a number above 0, at most 1000000"),
    number("momentum", \.momentum, 0...0.999999),
    number("weight-decay", \.weightDecay, 0...1e3),
    flag("nesterov", \.nesterov),
    Key(
      name: "betas", read: { "\($0.betas.first),\($0.betas.second)" },
      write: { recipe, text in
        guard let betas = list(text, { Double($0) }), betas.count == 2, betas.allSatisfy({ 0..<1 ~= $0 })
        else {
          return false
        }
        recipe.betas = Betas(first: betas[0], second: betas[1])
        return true
      }, expected: "two numbers from 0 to below 1 such as 0.9,0.999"),
    number("epsilon", \.epsilon, 1e-30...1),
    optional("lr-reference-batch", \.lrReferenceBatch, 1...1_000_000),
    choice("schedule", \.schedule),
    Key(
      name: "milestones", read: { $0.milestones.map(String.init).joined(separator: ",") },
      write: { recipe, text in
        guard let epochs = list(text, { Int($0) }), epochs.allSatisfy({ $0 >= 0 }) else { return false }
        recipe.milestones = epochs
        return true
      }, expected: "epochs such as 3,6, after which the rate is multiplied by gamma"),
    number("gamma", \.gamma, 0...1e3),
    integer("warmup-steps", \.warmupSteps, 0...1_000_000_000),
    Key(
      name: "normalize", read: { $0.normalize.description },
      write: { recipe, text in
        guard let normalization = Normalization(text) else { return false }
        recipe.normalize = normalization
        return true
      }, expected: "none, auto, or MEAN,DEVIATION such as 0.1307,0.3081, the deviation above 0"),
    number("validation-split", \.validationSplit, 0...0.9),
    number("augment-shift", \.augmentation.shift, 0...1000),
    number("augment-rotate", \.augmentation.rotate, 0...180),
    number("augment-scale", \.augmentation.scale, 0...0.9),
    flag("keep-best", \.keepBest),
    optional("patience", \.patience, 1...1_000_000),
    choice("reduction", \.reduction),
  ]

  /// Sets the key named `name`; `subject` is what messages call it: the flag, or the key and its file.
  ///
  /// Throws `LockstepError` (usage) for an unknown key, naming the nearest, and for a value out of range.
  public mutating func set(_ name: String, to text: String, subject: String) throws {
    guard let key = Self.keys.first(where: { $0.name == name }) else {
      let names = Self.keys.map(\.name)
      let nearest = nearestName(to: name, among: names).map { "Did you mean '\($0)'?" }
      throw LockstepError(
        .usage, subject, expected: "a recipe key", found: "'\(name)'",
        fix: nearest ?? "The keys are \(names.joined(separator: ", "))")
    }
    do {
      if try key.write(&self, text) { return }
      throw LockstepError(.usage, subject, expected: key.expected, found: "'\(text)'")
    } catch var error as LockstepError {
      error.subject = subject
      throw error
    }
  }

  private static func choice<T: RawRepresentable & CaseIterable & Sendable>(
    _ name: String, _ path: WritableKeyPath<Recipe, T> & Sendable
  ) -> Key where T.RawValue == String {
    Key(
      name: name, read: { $0[keyPath: path].rawValue },
      write: { recipe, text in
        guard let value = T(rawValue: text) else { return false }
        recipe[keyPath: path] = value
        return true
      }, expected: "one of " + T.allCases.map(\.rawValue).joined(separator: ", "))
  }

  private static func integer(
    _ name: String, _ path: WritableKeyPath<Recipe, Int> & Sendable, _ range: ClosedRange<Int>
  ) -> Key {
    Key(
      name: name, read: { String($0[keyPath: path]) },
      write: { recipe, text in
        guard let value = Int(text), range.contains(value) else { return false }
        recipe[keyPath: path] = value
        return true
      }, expected: "a whole number from \(range.lowerBound) to \(range.upperBound)")
  }

  private static func optional(
    _ name: String, _ path: WritableKeyPath<Recipe, Int?> & Sendable, _ range: ClosedRange<Int>
  ) -> Key {
    Key(
      name: name, read: { $0[keyPath: path].map(String.init) ?? "none" },
      write: { recipe, text in
        guard text == "none" || Int(text).map(range.contains) ?? false else { return false }
        recipe[keyPath: path] = Int(text)
        return true
      }, expected: "a whole number from \(range.lowerBound), or none")
  }

  private static func flag(_ name: String, _ path: WritableKeyPath<Recipe, Bool> & Sendable) -> Key {
    Key(
      name: name, read: { String($0[keyPath: path]) },
      write: { recipe, text in
        guard let value = Bool(text) else { return false }
        recipe[keyPath: path] = value
        return true
      }, expected: "true or false")
  }

  private static func number(
    _ name: String, _ path: WritableKeyPath<Recipe, Double> & Sendable, _ range: ClosedRange<Double>,
    expected: String? = nil
  ) -> Key {
    Key(
      name: name, read: { String($0[keyPath: path]) },
      write: { recipe, text in
        guard let value = Double(text), range.contains(value) else { return false }
        recipe[keyPath: path] = value
        return true
      }, expected: expected ?? "a number from \(range.lowerBound) to \(range.upperBound)")
  }
}

/// Comma-separated elements; nil where one is none. An empty text is an empty list.
private func list<T>(_ text: String, _ element: (String) -> T?) -> [T]? {
  let parts = text.split(separator: ",").map { element($0.filter { $0 != " " }) }
  return parts.contains { $0 == nil } ? nil : parts.compactMap { $0 }
}

extension Normalization: CustomStringConvertible {
  public var description: String {
    switch self {
    case .none: "none"
    case .auto: "auto"
    case .fixed(let mean, let deviation): "\(mean),\(deviation)"
    }
  }

  /// Nil where the text is none of "none", "auto", "MEAN,DEVIATION".
  public init?(_ text: String) {
    switch text {
    case "none": self = .none
    case "auto": self = .auto
    default:
      guard let numbers = list(text, { Double($0) }), numbers.count == 2, numbers[1] > 0,
        numbers.allSatisfy(\.isFinite)
      else { return nil }
      self = .fixed(mean: numbers[0], deviation: numbers[1])
    }
  }
}
