import LockstepCore
import Testing

/// What is no recipe is refused with exit status 64 and a message that names the file and the key.
@Suite struct HostileRecipeTests {
  private func refuse(
    _ bytes: [UInt8], _ fragments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    var recipe = Recipe()
    let error = #expect(throws: LockstepError.self, sourceLocation: sourceLocation) {
      try recipe.apply(yaml: bytes, path: "r.yaml")
    }
    #expect(error?.kind == .usage, sourceLocation: sourceLocation)
    for fragment in ["r.yaml"] + fragments {
      #expect(error?.description.contains(fragment) == true, "\(fragment)", sourceLocation: sourceLocation)
    }
  }

  private func refuse(
    _ yaml: String, _ fragments: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) {
    refuse(Array(yaml.utf8), fragments, sourceLocation: sourceLocation)
  }

  @Test func unknownKeysNameTheNearest() {
    refuse("batchsize: 3", ["'batchsize'", "Did you mean 'batch-size'?"])
    refuse("learning: 3", ["'learning'", "The keys are model, hidden"])
    refuse("Lr: 3", ["Did you mean 'lr'?"])
    refuse(String(repeating: "k", count: 1000) + ": 3", ["The keys are"])
  }

  @Test(arguments: [
    ("model", ["resnet", "", "MLP", "1"]), ("network", ["dense", "conv 3 5x4", "dropout 1", "relu 3"]),
    ("hidden", ["0", "-1", "1.5", "x", "1000001", "[1, [2]]"]),
    ("epochs", ["0", "-1", "1.5", "1000001", "99999999999999999999", "", "x", "1e3"]),
    ("max-steps", ["-1", "x", "1.5", ""]), ("batch-size", ["0", "1000001"]),
    ("micro-batches", ["0", "1025"]),
    ("seed", ["-1", "18446744073709551616", "1.0"]), ("optimizer", ["lion"]),
    ("lr", ["-0.1", "nan", "inf", "1e7", "x", ""]), ("momentum", ["1", "-0.1", "nan"]),
    ("weight-decay", ["-1", "1001", "nan"]), ("schedule", ["linear"]), ("milestones", ["-1", "x"]),
    ("gamma", ["-1", "nan"]), ("warmup-steps", ["-1"]),
    ("normalize", ["yes", "1", "0,0", "0,-1", "0,nan", "inf,1", "1,2,3"]),
    ("validation-split", ["-0.1", "0.91", "1", "nan"]), ("reduction", ["exactly"]),
  ])
  func badValues(key: String, values: [String]) {
    for value in values {
      let shown = value.isEmpty ? "''" : value
      refuse("\(key): \(shown)", [key])
      var recipe = Recipe()
      let error = #expect(throws: LockstepError.self) { try recipe.set(key, to: value, subject: "--\(key)") }
      #expect(error?.description.hasPrefix("--\(key): expected ") == true)
      #expect(error?.description.contains("found '\(value)'") == true)
      #expect(recipe == Recipe())
    }
  }

  @Test func otherShapesOfYAML() {
    refuse("- lr: 1", ["a mapping of recipe keys"])
    refuse("lr", ["a mapping"])
    refuse("lr: {value: 1}", ["lr", "nested"])
    refuse("hidden: [[1], 2]", ["hidden", "nested"])
    refuse("? [lr]\n: 1", ["a '?' that begins a key"])
    refuse("{[lr]: 1}", ["a key that is no scalar"])
    refuse("lr: 1\nlr: 2", ["lr"])
    refuse("lr: [1", ["YAML"])
    refuse("lr: 1\n\tepochs: 2", ["YAML"])
    refuse("lr: *nowhere", ["YAML"])
    refuse("a: &a [*a]", ["without anchors"])
    refuse("hidden: -&a", ["without anchors"])
    refuse("lr: 1\n---\nlr: 2", ["YAML"])
    refuse([0xFF, 0xFE, 0x6C], ["not UTF-8"])
    refuse([0x6C, 0x72, 0x3A, 0x20, 0xC3], ["not UTF-8"])
  }

  /// Depth costs no stack, and neither aliases of aliases nor keys in keys cost time.
  @Test func bombs() {
    for brackets in [500_000, 65, 64] {
      let text = "hidden: " + String(repeating: "[", count: brackets)
      refuse(text, brackets > 64 ? ["more than 64 of the characters [, { and ?"] : ["YAML", "flow"])
    }
    refuse("hidden: " + String(repeating: "[", count: 60) + String(repeating: "]", count: 60), ["nested"])
    refuse(String(repeating: "- ", count: 300_000), ["YAML"])
    // Two keys, each given twice and alike but for the end.
    let deepKeys = ["a", "b", "a", "b"].map {
      "? - " + String(repeating: "- ", count: 40) + "x\n  - \($0)\n: 1\n"
    }
    refuse(deepKeys.joined(), ["a '?' that begins a key"])
    let laughs = (1...30).map {
      "a\($0): &a\($0) [" + Array(repeating: "*a\($0 - 1)", count: 9).joined(separator: ",") + "]"
    }
    refuse("a0: &a0 lol\n" + laughs.joined(separator: "\n"), ["without anchors"])
  }

  @Test func filesThatCannotBeRead() throws {
    let directory = try TemporaryDirectory(["big.yaml": Array(repeating: 0x20, count: 1 << 14 + 1)])
    for (path, found) in [
      (directory.path, "a directory"), (directory.path + "/none.yaml", "No such file"),
      (directory.path + "/big.yaml", "16385 bytes"), ("/dev/zero", "no regular file"),
    ] {
      var recipe = Recipe()
      let error = #expect(throws: LockstepError.self) { try recipe.apply(yaml: path) }
      #expect(error?.kind == .usage)
      #expect(error?.subject == path)
      #expect(error?.found.contains(found) == true)
    }
  }
}
