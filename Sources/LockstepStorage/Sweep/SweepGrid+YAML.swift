import LockstepSupport
import LockstepTraining
import Yams

extension SweepGrid {
  /// The part of the training samples to judge by where the recipe names none.
  package static let validationSplit = 0.1

  /// A grid in YAML: a recipe in which any value may be a list. A key whose value is a list itself (`hidden`) varies by
  /// a list of lists. `recipe` gives the values of keys that the grid does not name; both names are for messages.
  ///
  /// Throws `LockstepError` (usage) naming key and value for anything that no recipe could hold, equal values, and no
  /// value to judge by.
  package init(
    yaml: [UInt8], path: String, recipe: (yaml: [UInt8], path: String)? = nil
  ) throws {
    var base = Recipe()
    var given = try recipe.map { try base.apply(yaml: $0.yaml, path: $0.path) } ?? []
    let pairs = try Recipe.pairs(ofYAML: yaml, path: path)
    let names = pairs.map(\.key)
    // As a flag does: a model replaces the layers that a recipe lists.
    if names.contains("model"), !names.contains("network") { base.network = [] }
    var axes: [Axis] = []
    for (key, node) in pairs {
      let values = try Self.values(of: node, key: key, path: path, base: base)
      try base.set(key, to: values[0], subject: "\(path): \(key)")
      if values.count > 1 { axes.append(Axis(key: key, values: values)) }
    }
    given += names
    let splits = axes.first { $0.key == "validation-split" }?.values ?? ["\(base.validationSplit)"]
    hasDefaultSplit = !given.contains("validation-split")
    if hasDefaultSplit {
      base.validationSplit = Self.validationSplit
    } else if splits.contains(where: { Double($0) == 0 }) {
      throw LockstepError(
        .usage, "\(path): validation-split", expected: "samples to judge by: a number above 0", found: "0",
        fix: "Leave it out for \(Self.validationSplit): the test samples must not choose")
    }
    (self.base, self.axes, self.path) = (base, axes, path)
  }

  /// The values of a key, as recipes write them: one, or those of a list.
  private static func values(of node: Node, key: String, path: String, base: Recipe) throws -> [String] {
    let subject = "\(path): \(key)"
    guard let entry = Recipe.keys.first(where: { $0.name == key }) else {
      var recipe = base
      try recipe.set(key, to: "", subject: subject)  // which says what was meant
      return []
    }
    let isList = entry.isList
    let texts: [String]
    if let elements = node.sequence, !isList || elements.contains(where: { $0.sequence != nil }) {
      guard elements.count <= mostTrials else {
        throw LockstepError(
          .usage, subject, expected: "at most \(mostTrials) values", found: "\(elements.count)")
      }
      texts = try elements.map { element in
        guard isList == (element.sequence != nil) else {
          throw LockstepError(
            .usage, subject,
            expected: isList
              ? "one list, or a list of lists to vary it" : "a value, or a list of values to vary it",
            found: isList ? "lists and other values in one list" : "a list in a list",
            fix: isList ? "Write each value as a list: [[64], [64, 32]]" : "Write [0.1, 0.2]")
        }
        return try Recipe.text(of: element, key: key, path: path)
      }
    } else {
      texts = [try plainText(of: node, key: key, path: path)]
    }
    guard !texts.isEmpty else {
      throw LockstepError(.usage, subject, expected: "at least one value", found: "an empty list")
    }
    return try distinct(
      texts, key: key, subject: subject, base: base, isPlainList: isList && texts.count == 1)
  }

  /// The text of a value that does not vary. A list of texts with commas could be meant to.
  private static func plainText(of node: Node, key: String, path: String) throws -> String {
    if let elements = node.sequence, elements.count > 1,
      elements.contains(where: { $0.scalar?.string.contains(",") ?? false })
    {
      throw LockstepError(
        .usage, "\(path): \(key)", expected: "one list, or a list of lists to vary it",
        found: "a list of texts with commas, which could be either",
        fix: "Write each value as a list: [[dense 64, relu, dense classes], [dense classes]]")
    }
    return try Recipe.text(of: node, key: key, path: path)
  }

  /// The values as recipes write them, each valid and another one.
  private static func distinct(
    _ texts: [String], key: String, subject: String, base: Recipe, isPlainList: Bool
  ) throws -> [String] {
    var seen: Set<String> = []
    return try texts.map { text in
      var recipe = base
      do { try recipe.set(key, to: text, subject: subject) } catch var error as LockstepError {
        if isPlainList, error.fix == nil { error.fix = "To vary it, write a list of lists: [[...], [...]]" }
        throw error
      }
      let value = Recipe.value(of: key, in: recipe)
      guard seen.insert(value).inserted else {
        throw LockstepError(
          .usage, subject, expected: "each value once", found: "'\(value)' twice", fix: "Remove one")
      }
      return value
    }
  }
}

extension RecipeKey {
  /// Whether its value is a list itself.
  fileprivate var isList: Bool { if case .list = values { true } else { false } }
}
