import Foundation
import Testing

/// The shipped recipes: each is found by its name, says what it is, and keeps the promise with all that is random in
/// it.
@Suite struct RecipesTests {
  static let names: [String] =
    (try? FileManager.default.contentsOfDirectory(atPath: Repository.root + "/recipes"))?
    .compactMap { $0.hasSuffix(".yaml") ? String($0.dropLast(5)) : nil }.sorted() ?? []

  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  @Test func allAreThere() {
    #expect(
      Set(Self.names).isSuperset(of: [
        "softmax-regression", "mlp-512", "mlp-step-decay", "mlp-constant-high", "mlp-constant-low",
        "cnn-dropout-adam", "mnist-best", "mnist-fast", "mnist-99.4", "resnet-20",
      ]))
  }

  /// Two hundred steps, over more than one epoch, dropout and augmentation on; no layout divides the batch.
  @Test(arguments: names) func anyNumberOfRanksAndThreads(name: String) throws {
    // A step of resnet-20 takes as long as ten of mnist-best.
    let steps = name == "resnet-20" ? "30" : "200"
    let recipe = ["--recipe", name, "--batch-size", "23", "--epochs", "3", "--max-steps", steps, "--quiet"]
    let reference = try scene.train(recipe)
    for (ranks, threads) in [(nil, 2), (nil, 4), (2, 1), (3, 1), (4, 1)] as [(Int?, Int)] {
      let run = try scene.train(recipe, ranks: ranks, threads: threads)
      #expect(run.digest == reference.digest, "\(ranks ?? 0) ranks of \(threads) threads")
      #expect(try run.model == reference.model)
    }
  }

  @Test(arguments: names) func showStopsBeforeTraining(name: String) throws {
    let result = try lockstep(["train", "--recipe", name, "--data", scene.data, "--show"], ranks: 2)
    #expect(result.status == 0, "\(result.errors)")
    #expect(result.output.contains("\nseed: 1\n"))
    #expect(result.output.contains("FLOPs a sample"))
    #expect(result.output.split(separator: "\n").last?.hasPrefix("total ") == true)
    #expect(!result.output.contains("weights "))
  }

  /// The second convolution has 20 filters of 10 x 5 x 5 weights and a bias each; its FLOPs are two for each weight and
  /// each of 64 pixels.
  @Test func theTableCounts() throws {
    let result = try lockstep(["train", "--recipe", "cnn-dropout-adam", "--data", scene.data, "--show"])
    let rows = result.output.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let row = try #require(rows.first { $0.first == "layers.3" })
    #expect(row.suffix(3) == ["20x8x8", "5020", "640000"])
  }

  @Test func anUnknownNameIsToldTheNearest() throws {
    let result = try lockstep(["train", "--recipe", "mlp-521", "--data", scene.data])
    #expect(result.status == 64)
    #expect(result.errors.contains("found 'mlp-521'. Did you mean 'mlp-512'?"))
  }

  @Test func theListNamesThem() throws {
    let result = try lockstep(["train", "--recipe", "list"], ranks: 2)
    #expect(result.status == 0)
    #expect(
      result.output.split(separator: "\n").map { $0.prefix { $0 != " " } } == Self.names.map { Substring($0) }
    )
  }

  /// What editors are given is what this version reads: recipes/recipe.schema.json, by `lockstep train --recipe
  /// schema`.
  @Test func theSchemaIsCurrent() throws {
    let file = try String(contentsOfFile: Repository.root + "/recipes/recipe.schema.json", encoding: .utf8)
    #expect(try lockstep(["train", "--recipe", "schema"]).output == file)
    let schema = try #require(try JSONSerialization.jsonObject(with: Data(file.utf8)) as? [String: Any])
    let properties = try #require(schema["properties"] as? [String: Any])
    for name in Self.names {
      let recipe = try String(contentsOfFile: "\(Repository.root)/recipes/\(name).yaml", encoding: .utf8)
      #expect(recipe.contains("\n# yaml-language-server: $schema=recipe.schema.json\n"))
      for line in recipe.split(separator: "\n") where line.contains(/^[a-z]/) {
        #expect(properties[String(line.prefix { $0 != ":" })] != nil, "\(line)")
      }
    }
  }

  /// A run without --output is named after its recipe; its config lists what decides it and no more.
  @Test(arguments: [
    (["--recipe", "softmax-regression"], "softmax-regression-", ["model: linear"], ["hidden:", "gamma:"]),
    (
      ["--network", "dense 4, relu, dense classes"], "network-", ["network: dense 4"], ["model:", "hidden:"]
    ),
    (["--model", "linear"], "linear-", ["model: linear"], ["network:"]),
  ]) func runsAreNamedAfterThem(_ run: (flags: [String], name: String, has: [String], lacks: [String])) throws
  {
    let result = try lockstep(
      ["train", "--data", scene.data, "--max-steps", "1", "--quiet"] + run.flags,
      directory: scene.scratch.path)
    #expect(result.status == 0, "\(result.errors)")
    let names = try FileManager.default.contentsOfDirectory(atPath: scene.scratch.file("runs"))
    #expect(names.count == 1 && names[0].hasPrefix(run.name), "\(names)")
    let config = try scene.scratch.text("runs/\(names[0])/config.yaml")
    for text in run.has { #expect(config.contains(text)) }
    for text in run.lacks { #expect(!config.contains(text)) }
  }

  /// A directory is no recipe, and a point in a name makes no file of it.
  @Test func aDirectoryOfTheNameIsInNobodysWay() throws {
    let place = scene.scratch.file("place")
    try FileManager.default.createDirectory(
      atPath: place + "/mnist-99.4", withIntermediateDirectories: true)
    let arguments = ["train", "--data", scene.data, "--show", "--recipe"]
    let shown = try run(Repository.lockstep, arguments + ["mnist-99.4"], directory: place)
    #expect(shown.status == 0 && shown.output.contains("augment-rotate: 6.0"), "\(shown.errors)")
    let missing = try run(Repository.lockstep, arguments + ["mnist-99.5"], directory: place)
    #expect(missing.errors.contains("Did you mean 'mnist-99.4'?"), "\(missing.errors)")
  }
}
