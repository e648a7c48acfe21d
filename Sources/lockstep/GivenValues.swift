import ArgumentParser
import LockstepCore

/// A property that the command line sets.
private protocol GivenValue {
  var given: Any { get }
}

extension Option: GivenValue { fileprivate var given: Any { wrappedValue } }
extension Flag: GivenValue { fileprivate var given: Any { wrappedValue } }
extension Argument: GivenValue { fileprivate var given: Any { wrappedValue } }
extension OptionGroup: GivenValue { fileprivate var given: Any { wrappedValue } }

extension ParsableArguments {
  /// The names of its own options, without those of groups.
  static var optionNames: [String] {
    Mirror(reflecting: Self()).children.filter { $0.value is any NamedValue }.compactMap { child in
      child.label.map { flag(String($0.drop { $0 == "_" })) }
    }
  }

  /// All flags and arguments with their values, including defaults: found by reflection, so that no new one is
  /// forgotten.
  var givenValues: [Fact] {
    Mirror(reflecting: self).children.flatMap { child -> [Fact] in
      // The stored property behind `@Option var maxSteps` is `_maxSteps`.
      guard let label = child.label, let property = child.value as? any GivenValue else { return [] }
      if let recipe = property.given as? RecipeOptions { return recipe.facts }
      if let group = property.given as? any ParsableArguments { return group.givenValues }
      let name = flag(String(label.drop { $0 == "_" }))
      return [Fact(child.value is any PositionalValue ? "<\(name)>" : "--\(name)", shown(property.given))]
    }
  }
}

private protocol NamedValue {}
extension Option: NamedValue {}
extension Flag: NamedValue {}

private protocol PositionalValue {}
extension Argument: PositionalValue {}

/// "max-steps" of "maxSteps".
private func flag(_ name: String) -> String {
  name.map { $0.isUppercase ? "-\($0.lowercased())" : String($0) }.joined()
}

private func shown(_ value: Any) -> String {
  if let isGiven = value as? Bool { return isGiven ? "given" : "not given" }
  let mirror = Mirror(reflecting: value)
  guard mirror.displayStyle == .optional else { return "'\(value)'" }
  return mirror.children.first.map { shown($0.value) } ?? "not given"
}
