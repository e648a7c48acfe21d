import Foundation
import LockstepCore
import Testing

/// `lockstep train`: what it prints and what it leaves in the run directory.
@Suite struct TrainTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  static let recipe = ["--model", "mlp", "--hidden", "32", "--batch-size", "100", "--epochs", "2"]

  @Test(arguments: [nil, 3]) func standardOutputHasThreeLines(ranks: Int?) throws {
    let run = try scene.train(Self.recipe, ranks: ranks)
    let form =
      /dataset (.*)\ntest accuracy (\d+\.\d\d)% \((\d+)\/(\d+)\), test loss \d+\.\d{4}\nweights [0-9a-f]{16}\n/
    let match = try #require(try form.wholeMatch(in: run.result.output), "\(run.result.output)")
    #expect(match.1 == scene.data)
    #expect(match.4 == "300")
    let hits = try #require(Double(match.3))
    #expect(String(match.2) == String(format: "%.2f", hits / 3))
  }

  @Test(arguments: [nil, 3]) func progressIsToldOnce(ranks: Int?) throws {
    let run = try scene.train(Self.recipe + ["--validation-split", "0.25"], ranks: ranks)
    let lines = run.result.errors.split(separator: "\n").map(String.init)
    try #require(lines.count == (ranks == nil ? 4 : 5), "\(run.result.errors)")
    #expect(lines[0].hasPrefix("1500 samples of 28x28 in 10 classes of \(scene.data), 25450 parameters, "))
    #expect(lines[0].contains(ranks == nil ? "one process of 1 thread" : "3 ranks of 1 thread"))
    let validation =
      /epoch [12]\/2: loss .*, accuracy .*%, validation \d+\.\d\d%, test .*%, .* s, \d+ samples\/s/
    #expect(lines[1...2].allSatisfy { $0.wholeMatch(of: validation) != nil }, "\(lines)")
    #expect(lines.last == "saved in \(run.path)")
    let times = /time of a rank: computing .* to .* s, waiting .* s, communicating .* s; slowest .* on .+/
    if ranks != nil { #expect(lines[3].wholeMatch(of: times) != nil, "\(lines[3])") }
  }

  @Test(arguments: [nil, 3]) func quietWritesNothing(ranks: Int?) throws {
    #expect(try scene.train(Self.recipe + ["--quiet"], ranks: ranks).result.errors == "")
  }

  @Test func idleRanksAreToldOnce() throws {
    let errors = try scene.train(Self.recipe + ["--quiet"], ranks: 6).result.errors
    #expect(errors.hasPrefix("lockstep: 2 of 6 ranks have nothing to do"))
    #expect(errors.split(separator: "\n").count == 1 && errors.contains("--micro-batches"))
  }

  @Test func smallMicroBatchesAreTold() throws {
    let layers = ["--network", "dense 9, batchnorm, relu, dense classes", "--batch-size", "60"]
    let few = try scene.train(Self.recipe + layers + ["--micro-batches", "4"], ranks: 2).result.errors
    #expect(few.contains("a micro-batch, of which layers take means, has 15 samples"))
    let enough = try scene.train(Self.recipe + layers + ["--micro-batches", "3"], ranks: 2).result.errors
    #expect(!enough.contains("micro-batch"))
  }

  @Test func theRunDirectoryHoldsTheRun() throws {
    let run = try scene.train(Self.recipe)
    let names = try FileManager.default.contentsOfDirectory(atPath: run.path)
    #expect(
      names.sorted() == [
        ".lock", "checkpoints", "config.yaml", "metrics.jsonl", "model.safetensors", "receipt.json",
        "report.html",
      ])
  }

  /// Each job makes a directory of its own by default, also of those that start in one second.
  @Test func jobsOfTheSameSecond() throws {
    let train = "\(Repository.lockstep) train --data digits --model linear --max-steps 3 --threads 1 --quiet"
    let script = """
      for seed in 1 2 3 4; do (\(train) --seed $seed >out-$seed; echo $? >status-$seed) & done; wait
      for run in runs/*; do echo "weights $(\(Repository.lockstep) digest $run)"; done | sort >found
      tail -q -n 1 out-* | sort >expected
      """
    let result = try Launch.takingTurns {
      try run("sh", ["-c", script], directory: scene.scratch.path)
    }
    #expect(result.errors == "")
    for seed in 1...4 { #expect(try scene.scratch.text("status-\(seed)") == "0\n") }
    let found = try scene.scratch.text("found")
    #expect(found.split(separator: "\n").count == 4)
    #expect(try scene.scratch.text("expected") == found)
  }

  @Test func itsConfigurationRepeatsIt() throws {
    let run = try scene.train(Self.recipe + ["--seed", "3", "--momentum", "0.5", "--normalize", "0.1,0.3"])
    let again = try scene.train(["--recipe", run.path + "/config.yaml"], ranks: 2)
    #expect(again.digest == run.digest)
    #expect(try again.file("config.yaml") == run.file("config.yaml"))
  }

  @Test(arguments: [nil, 4]) func noStepsSaveTheInitialWeights(ranks: Int?) throws {
    let run = try scene.train(["--max-steps", "0", "--hidden", "16,8", "--seed", "5"], ranks: ranks)
    let network = try Network(
      inputShape: [28, 28],
      specification: [.dense(outputs: 16), .relu, .dense(outputs: 8), .relu, .dense(outputs: 10)], classes: 10
    )
    let initial = Parameters(network, seed: 5)
    #expect(run.digest == initial.digest.hexadecimal)
    #expect(try Model(path: run.path).parameters.digest == initial.digest)
    #expect(try run.metrics.compactMap { $0["event"] as? String } == ["start", "end"])
  }

  /// An empty LOCKSTEP_DATA is none, and the temporary directory has no data/mnist.
  @Test(arguments: [nil, 2]) func withoutDataItDrawsDigits(ranks: Int?) throws {
    let directory = scene.scratch.path
    let result = try lockstep(
      ["train", "--model", "linear", "--max-steps", "2"] + (ranks == nil ? [] : ["--quiet"]), ranks: ranks,
      environment: ["LOCKSTEP_DATA": ""],
      directory: directory)
    #expect(result.status == 0, "\(result.errors)")
    let advice = result.errors.split(separator: "\n").filter { $0.contains("scripts/fetch-data") }
    #expect(advice.count == 1)
    #expect(
      result.errors.contains("\n60000 samples of 28x28 in 10 classes of synthesized digits, ")
        == (ranks == nil))
    #expect(result.output.hasPrefix("dataset synthesized digits\n"))
    #expect(result.output.contains("/10000), "))
    let runs = try FileManager.default.contentsOfDirectory(atPath: directory + "/runs")
    #expect(runs.count == 1 && runs[0].wholeMatch(of: /linear-\d{8}-\d{6}/) != nil, "\(runs)")
    #expect(result.errors.hasSuffix("saved in runs/\(runs.first ?? "")\n") == (ranks == nil))
  }

  @Test func lockstepDataNamesTheDirectory() throws {
    let result = try lockstep(
      ["train", "--model", "linear", "--max-steps", "1", "--output", scene.scratch.file("run")],
      environment: ["LOCKSTEP_DATA": scene.data])
    #expect(
      result.errors.hasPrefix("2000 samples of 28x28 in 10 classes of \(scene.data), "), "\(result.errors)")
  }
}
