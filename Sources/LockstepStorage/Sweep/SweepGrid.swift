import LockstepData
import LockstepSupport
import LockstepTraining

/// A recipe in which lists stand in place of values: a point of the grid takes one value of each list.
package struct SweepGrid: Sendable {
  /// A key that varies, and its values as recipes write them, each another one.
  package struct Axis: Equatable, Sendable {
    package let key: String
    package let values: [String]
  }

  /// The values of the keys that do not vary.
  package let base: Recipe
  /// In the order of the file: the last varies fastest.
  package let axes: [Axis]
  /// Whether neither the grid nor a recipe below it says how many samples to judge by.
  package let hasDefaultSplit: Bool
  /// For messages.
  let path: String

  /// The most trials of a sweep.
  package static let mostTrials = 100_000
  /// The most points of a grid from which some are drawn.
  private static let mostPoints = 1 << 40

  /// The number of points: the product of the numbers of values. Throws `LockstepError` (usage) for more than can be
  /// numbered.
  package func countPoints() throws -> Int {
    var count = 1
    for axis in axes {
      let (product, overflows) = count.multipliedReportingOverflow(by: axis.values.count)
      guard !overflows, product <= Self.mostPoints else {
        throw LockstepError(
          .usage, path, expected: "a grid of at most \(Self.mostPoints) points", found: "a larger one",
          fix: "Leave values out")
      }
      count = product
    }
    return count
  }

  /// The recipe at a point, counted from 0 in the order of nested loops over the axes. Throws `LockstepError` (usage)
  /// for values that do not fit together.
  func recipe(at point: Int) throws -> Recipe {
    var (recipe, rest) = (base, point)
    for axis in axes.reversed() {
      let value = axis.values[rest % axis.values.count]
      rest /= axis.values.count
      try recipe.set(axis.key, to: value, subject: "\(path): \(axis.key)")
    }
    return recipe
  }

  /// The values of the axes that have an effect in a recipe of the grid.
  func parameters(of recipe: Recipe) -> [SweepTrial.Parameter] {
    axes.compactMap { axis in
      guard recipe.reasonWithoutEffect(axis.key) == nil else { return nil }
      return .init(key: axis.key, value: Recipe.value(of: axis.key, in: recipe))
    }
  }

  /// The points that are tried, ascending: all, or so many that `seed` draws among them, no point twice.
  func points(drawing count: Int?, seed: UInt64) throws -> [Int] {
    let all = try countPoints()
    guard let count else {
      guard all <= Self.mostTrials else {
        throw tooMany(all, fix: "Draw some with --random, or leave values out")
      }
      return Array(0..<all)
    }
    guard 1...all ~= count else {
      throw LockstepError(
        .usage, "--random", expected: "a number of points from 1 to the grid's \(all)", found: "\(count)")
    }
    guard count <= Self.mostTrials else { throw tooMany(count, fix: "Draw fewer") }
    let order = Permutation(count: all, seed: seed, purpose: .sweep, time: 0)
    return (0..<count).map { order[$0] }.sorted()
  }

  func tooMany(_ count: Int, fix: String) -> LockstepError {
    LockstepError(
      .usage, path, expected: "at most \(Self.mostTrials) trials", found: "\(count)", fix: fix)
  }
}

extension Recipe {
  /// A key's value as a recipe writes it.
  package static func value(of key: String, in recipe: Recipe) -> String {
    keys.first { $0.name == key }!.read(recipe)
  }
}
