import LockstepCore

extension FuzzTarget {
  /// Grids: an accepted one has at most so many trials, each of another recipe that a recipe file could hold.
  static let grid = FuzzTarget(
    name: "grid",
    dictionary: recipe.dictionary + tokens("[[", "]]", ", ", "[1, 2]", "[[4], [8, 4]]", "[dense 4, relu]"),
    longestInput: 4096, largestAllocation: 4
  ) { bytes in
    let grid = try SweepGrid(yaml: bytes, path: "fuzz")
    var choice = SweepGrid.Choice()
    // Enough of a large grid.
    choice.random = min(try grid.countPoints(), 50)
    let (trials, equal) = try grid.trials(choice)
    try require(trials.count + equal == choice.random, "\(trials.count) trials and \(equal) equal ones")
    for (index, trial) in trials.enumerated() {
      try require(trial.number == index + 1, "trial \(trial.number) in place \(index + 1)")
      let yaml = try mustSucceed("written") { try trial.recipe.yaml() }
      var again = Recipe()
      _ = try mustSucceed("read again: \(yaml)") { try again.apply(yaml: Array(yaml.utf8), path: "again") }
      try require(again == trial.recipe, "read again, it differs: \(yaml)")
      try require(trial.recipe.validationSplit > 0, "nothing to judge by")
    }
    for (one, other) in zip(trials, trials.dropFirst()) {
      try require(one.recipe != other.recipe, "\(one.label) and \(other.label) are the same recipe")
    }
  }

  /// A sweep's rows: an accepted record has whole lines, and is the same when its rows are written again.
  static let sweep = FuzzTarget(
    name: "sweep",
    dictionary: tokens(
      #"{"event":"sweep","format":1,"facts":{}}"#, "\n", #"{"event":"trial","trial":"#, #","rung":1"#,
      #","status":"done""#, #","status":"failed","step":3,"message":"""#, #","validation_loss":null"#,
      #","validation_hits":"#, #","validation_samples":10"#, #","weights":"0123456789abcdef""#,
      #","seconds":1"#, #","train_losses":[]"#, #","validation_losses":[null]"#, "1e400", "9007199254740993"),
    longestInput: 4096, largestAllocation: 2
  ) { bytes in
    guard let record = try SweepRecord(bytes, path: "fuzz") else {
      throw LockstepError(.data, "fuzz", found: "no whole line")
    }
    try require(bytes[record.length - 1] == UInt8(ascii: "\n"), "a torn line is kept")
    let trial = SweepTrial(number: 1, point: 1, recipe: Recipe(), parameters: [], seed: nil)
    for row in record.rows {
      let again = SweepRow(line: Array(row.line(of: trial).utf8))
      try require(again == row, "written again, it differs: \(row)")
    }
  }
}
