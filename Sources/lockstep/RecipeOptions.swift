import ArgumentParser
import LockstepCore

/// The recipe, and the flags that override it: one for each of its keys (`Recipe.keys`), parsed here instead of by
/// ArgumentParser.
struct RecipeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A YAML file that sets any of the options below by their names, or the name of a shipped recipe. 'list' shows "
        + "those, 'schema' a JSON schema for editors.",
      valueName: "name"))
  var recipe: String?
  @Argument(parsing: .allUnrecognized, help: .hidden) var others: [String] = []

  func validate() throws { _ = try overrides() }

  /// Key and text of each flag given, in order.
  func overrides() throws -> [(key: String, text: String)] {
    var found: [(key: String, text: String)] = []
    var rest = others[...]
    while let argument = rest.popFirst() {
      guard argument.hasPrefix("--") else {
        throw ValidationError("Unexpected argument '\(argument)': expected options, each --name value")
      }
      let parts = argument.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      let name = String(parts[0])
      guard let key = Recipe.keys.first(where: { $0.name == name }) else { throw Self.unknown(name) }
      if parts.count == 2 {
        found.append((name, String(parts[1])))
      } else if key.isFlag {
        found.append((name, "true"))
      } else if let value = rest.popFirst() {
        found.append((name, value))
      } else {
        throw ValidationError("Missing value for '--\(name)': \(key.help)")
      }
    }
    return found
  }

  private static func unknown(_ name: String) -> ValidationError {
    let fix =
      switch name {
      case "device", "gpu", "gpus", "cuda": "Lockstep trains on CPUs: leave it out"
      case "np", "n", "ranks", "nproc", "nproc-per-node", "world-size":
        "Ranks are mpirun's: mpirun -np 4 lockstep train"
      case "dropout", "activation": "That is a layer: --network 'dense 64, relu, dropout 0.5, dense classes'"
      default:
        suggestedName(for: name, among: Recipe.keys.map(\.name) + optionNames + Train.optionNames).map {
          "Did you mean '--\($0)'?"
        }
          ?? "See lockstep train --help"
      }
    return ValidationError("Unknown option '--\(name)'. \(fix)")
  }

  /// Flags override the recipe, the recipe overrides the defaults. `former` is the resumed run's recipe, used if no
  /// other is given. `warn` is called for options that have no effect.
  func resolved(former: Recipe? = nil, warn: (String) -> Void) throws -> Recipe {
    var result = Recipe()
    var given: [(key: String, subject: String)] = []
    if let recipe {
      given = try result.apply(recipe).map { ($0, "\(recipe): \($0)") }
    } else if let former {
      result = former
    }
    let overrides = try overrides()
    // A model given as a flag replaces the layers that a file lists.
    let keys = overrides.map(\.key)
    if keys.contains("model"), !keys.contains("network") { result.network = [] }
    for (key, text) in overrides { try result.set(key, to: text, subject: "--\(key)") }
    for (key, subject) in given.filter({ !keys.contains($0.key) }) + keys.map({ ($0, "--\($0)") }) {
      if let reason = result.reasonWithoutEffect(key), !(key == "network" && result.network.isEmpty) {
        warn("\(subject) has no effect: \(reason)")
      }
    }
    if keys.contains("optimizer"), result.optimizer == .adamw, result.weightDecay == 0 {
      warn("--optimizer adamw without a --weight-decay is adam; 0.01 is common")
    }
    return result
  }

  /// The value of each key as given.
  var facts: [Fact] {
    let given = Dictionary((try? overrides()) ?? [], uniquingKeysWith: { $1 })
    return [Fact("--recipe", recipe.map { "'\($0)'" } ?? "not given")]
      + Recipe.keys.map { key in Fact("--\(key.name)", given[key.name].map { "'\($0)'" } ?? "not given") }
  }

  /// Whether neither a recipe nor a flag is given.
  var isEmpty: Bool { recipe == nil && others.isEmpty }

  /// The name for a run: that of the recipe's file, unless a run wrote it.
  var recipeName: String? {
    guard let file = recipe?.split(separator: "/").last else { return nil }
    let name = file.split(separator: ".").first.map(String.init)
    return name == "config" ? nil : name
  }

  /// The text of `--recipe list` or `--recipe schema`; nil for a training.
  var listing: String? {
    switch recipe {
    case "schema": RecipeSchema.text
    case "list": Self.shippedRecipes(indent: "") + "\n"
    default: nil
    }
  }
}
