import LockstepCore

extension FuzzTarget {
  /// Recipes: an accepted one is in range, so that it is accepted again, and describes a training that can be planned.
  static let recipe = FuzzTarget(
    name: "recipe",
    dictionary: Recipe.keys.map { Array("\n\($0.name): ".utf8) }
      + LayerRegistry.examples.map { Array($0.utf8) }
      + tokens(
        ": ", "\n", "- ", "[", "]", "{", "}", "&a ", "*a", "!!int ", "!<a> ", "|\n ", ">-\n ", "'", "\"",
        "---\n",
        "...\n", "? ", "none", "nan", "inf", "1e999", "-0", "<<: ", "%YAML 1.1\n", "%TAG ! a\n", "\t",
        "\u{0}",
        "\u{FEFF}", "\u{2028}", #"\x1b"#, "\u{1B}", "#", "~"),
    // libyaml's buffers grow by doubling, and Foundation builds tables when it is first used.
    longestInput: 4096, largestAllocation: 2
  ) { bytes in
    var recipe = Recipe()
    try recipe.apply(yaml: bytes, path: "fuzz")
    let yaml = try mustSucceed("written") { try recipe.yaml() }
    var again = Recipe()
    _ = try mustSucceed("read again: \(yaml)") { try again.apply(yaml: Array(yaml.utf8), path: "again") }
    try require(again == recipe, "read again, it differs: \(yaml)")
    try recipe.check()
    let schedule = recipe.learningRateSchedule(totalSteps: 100)
    for step in [0, 1, 50, 99] { _ = schedule.learningRate(step: step, epoch: step / 10) }
    _ = try Network(
      inputShape: [1, 28, 28], specification: recipe.layers, classes: 10, mostParameters: 10_000_000)
  }
}
