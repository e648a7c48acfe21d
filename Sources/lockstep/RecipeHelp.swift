import LockstepCore

extension RecipeOptions {
  /// The part of `train --help` on the recipe's keys, layers and the shipped recipes, wrapped to `columns`.
  static func help(columns: Int = 80) -> String {
    let options = Recipe.keys.map { key in
      let note = key.defaultValue.map { " (default: \($0))" } ?? ""
      return ("--\(key.name)" + (key.isFlag ? "" : " <\(key.name)>"), key.help + note)
    }
    return """
      OPTIONS THAT OVERRIDE THE RECIPE, and the keys of its file:
      \(table(options, columns: columns))

      LAYERS of --network, between commas:
      \(LayerRegistry.patterns.split(separator: ", ").map { "  \($0)" }.joined(separator: "\n"))

      BLOCKS, which stand where a layer can:
        residual(LAYERS) [shortcut(LAYERS)]   what LAYERS make of their input, plus that input
        branches(LAYERS | LAYERS...)          what each makes of the input, side by side

      SHIPPED RECIPES for --recipe:
      \(shippedRecipes(indent: "  "))

      """
  }

  static func shippedRecipes(indent: String) -> String {
    let recipes = Recipe.shipped
    let width = recipes.map(\.name.count).max() ?? 0
    return recipes.map { recipe in
      indent + recipe.name + String(repeating: " ", count: width + 2 - recipe.name.count) + recipe.summary
    }.joined(separator: "\n")
  }

  /// Two columns, as ArgumentParser lays out options.
  private static func table(_ rows: [(left: String, right: String)], columns: Int) -> String {
    let indent = 26
    return rows.map { row in
      var lines = [""]
      for word in row.right.split(separator: " ") {
        if let last = lines.last, indent + last.count + 1 + word.count >= columns { lines.append("") }
        lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + word
      }
      let margin = String(repeating: " ", count: indent)
      let left = "  " + row.left
      let text = lines.joined(separator: "\n" + margin)
      return left.count < indent - 1
        ? left + String(repeating: " ", count: indent - left.count) + text : left + "\n" + margin + text
    }.joined(separator: "\n")
  }
}
