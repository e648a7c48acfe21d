import LockstepSupport
import LockstepTraining

/// One training of a sweep.
package struct SweepTrial: Sendable {
  /// A key that varies, and its value here.
  package struct Parameter: Equatable, Sendable {
    package let key: String
    package let value: String

    package init(key: String, value: String) { (self.key, self.value) = (key, value) }
  }

  /// Counted from 1 in the order of the grid.
  package let number: Int
  /// Counted from 1: the trials of a point differ in their seed alone.
  package let point: Int
  package let recipe: Recipe
  /// Those that have an effect, without the seed where each point has several.
  package let parameters: [Parameter]
  /// Where each point has several.
  package let seed: UInt64?

  package init(number: Int, point: Int, recipe: Recipe, parameters: [Parameter], seed: UInt64?) {
    (self.number, self.point, self.recipe) = (number, point, recipe)
    (self.parameters, self.seed) = (parameters, seed)
  }

  /// "lr 0.1, hidden 64,32", "lr 0.1, seed 7"
  package var label: String {
    let seed = seed.map { [Parameter(key: "seed", value: "\($0)")] } ?? []
    let texts = (parameters + seed).map { "\($0.key) \($0.value)" }
    return texts.isEmpty ? "the recipe" : texts.joined(separator: ", ")
  }
}

extension SweepGrid {
  /// Which trials a sweep has of its grid.
  package struct Choice: Equatable, Sendable {
    /// How many points are drawn; nil for all.
    package var random: Int?
    /// What draws them.
    package var seed: UInt64 = 1
    /// How many trials a point has, of seeds that count up from the recipe's; nil for one of the recipe's.
    package var seeds: Int?

    package init() {}
  }

  /// The trials, and how many points were left out because earlier ones are the same recipe: of a key that has no
  /// effect beside others, such as `hidden` of a linear model, one value is as good as another.
  ///
  /// Throws `LockstepError` (usage) for values that do not fit together, too many trials, and a grid of one point
  /// without several seeds.
  package func trials(_ choice: Choice) throws -> (trials: [SweepTrial], equal: Int) {
    try check(choice)
    let points = try points(drawing: choice.random, seed: choice.seed)
    let seeds = choice.seeds ?? 1
    guard points.count <= Self.mostTrials / seeds else {
      throw tooMany(points.count * seeds, fix: "Leave values out, or take fewer --seeds")
    }
    var trials: [SweepTrial] = []
    var seen: Set<String> = []
    for point in points {
      let recipe = try recipe(at: point)
      let parameters = parameters(of: recipe)
      do { try recipe.check() } catch var error as LockstepError {
        error.subject =
          "\(path): \(parameters.map { "\($0.key) \($0.value)" }.joined(separator: ", ")): \(error.subject)"
        throw error
      }
      guard seen.insert(recipe.effect).inserted else { continue }
      for offset in 0..<seeds {
        var own = recipe
        own.seed = recipe.seed &+ UInt64(offset)
        trials.append(
          SweepTrial(
            number: trials.count + 1, point: seen.count, recipe: own, parameters: parameters,
            seed: choice.seeds == nil ? nil : own.seed))
      }
    }
    return (trials, points.count - seen.count)
  }

  private func check(_ choice: Choice) throws {
    if let seeds = choice.seeds {
      guard 2...Self.mostTrials ~= seeds else {
        throw LockstepError(
          .usage, "--seeds", expected: "a number from 2 to \(Self.mostTrials)", found: "\(seeds)")
      }
      guard !axes.contains(where: { $0.key == "seed" }) else {
        throw LockstepError(
          .usage, "--seeds", expected: "a grid that does not vary the seed itself",
          found: "a list of seeds in \(path)",
          fix: "Leave one of them out")
      }
    } else if axes.isEmpty {
      throw LockstepError(
        .usage, path, expected: "a list in place of a value, or --seeds",
        found: "a recipe in which nothing varies",
        fix: "Write lr: [0.1, 0.01], or try the recipe with --seeds 30")
    }
  }
}

extension Recipe {
  /// All that has an effect, as one text.
  fileprivate var effect: String {
    effectiveKeys.map { "\($0.name)\n\($0.read(self))" }.joined(separator: "\n")
  }
}
