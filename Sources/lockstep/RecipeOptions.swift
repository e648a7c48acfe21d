import ArgumentParser
import LockstepCore

/// The recipe, and the flags that override it: one for each of its keys (`Recipe.keys`), which ArgumentParser leaves
/// to us.
struct RecipeOptions: ParsableArguments {
  @Option(
    help: ArgumentHelp(
      "A YAML file that sets any of the options below by their names, or the name of a shipped recipe. 'list' shows "
        + "those, 'schema' a JSON schema for editors.",
      valueName: "name"))
  var recipe: String?
  @Argument(parsing: .allUnrecognized, help: .hidden) var others: [String] = []

  func validate() throws { _ = try overrides() }

  /// Key and text of each flag given, in their order.
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

  /// Flags override the recipe, the recipe overrides the defaults. `former` stands for the recipe of a run that goes
  /// on, where no other is asked for. `warn` is told of options that have no effect.
  func resolved(former: Recipe? = nil, warn: (String) -> Void) throws -> Recipe {
    var result = Recipe()
    var given: [(key: String, subject: String)] = []
    if let recipe {
      let path = try Recipe.path(for: recipe)
      given = try result.apply(yaml: path).map { ($0, "\(path): \($0)") }
    } else if let former {
      result = former
    }
    let overrides = try overrides()
    // A model takes the place of the layers that a file lists.
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

  /// What a run is named after: the name of a recipe's file, but for one that a run has written.
  var recipeName: String? {
    guard let file = recipe?.split(separator: "/").last else { return nil }
    let name = file.split(separator: ".").first.map(String.init)
    return name == "config" ? nil : name
  }

  /// What was asked for instead of a training; nil where nothing was.
  var listing: String? {
    switch recipe {
    case "schema": RecipeSchema.text
    case "list": Self.shippedRecipes(indent: "") + "\n"
    default: nil
    }
  }
}
