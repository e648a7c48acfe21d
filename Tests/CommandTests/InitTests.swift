import Foundation
import Testing

/// `train --init`: weights of PyTorch and of other runs.
@Suite struct InitTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private static let golden = Repository.root + "/Tests/Golden/init"
  private static let network = "conv 4 3x3, relu, flatten, dense 9, tanh, dense classes"

  /// PyTorch's module, saved with names of its own, predicts here what it predicts there (`Golden/init_weights.py`).
  @Test(arguments: ["float32", "bfloat16"], [nil, 3]) func predictsAsPyTorch(file: String, ranks: Int?) throws
  {
    let weights = "\(Self.golden)/\(file).safetensors"
    let run = try scene.train(
      ["--init", weights, "--network", Self.network, "--normalize", "none", "--max-steps", "0"],
      data: Self.golden, ranks: ranks)
    #expect(
      run.result.errors.contains(
        "initial weights: 6 of 6 tensors from \(weights) (features is layers.0; hidden is layers.3; head is layers.5)"
      ), "\(run.result.errors)")
    let predictions = scene.scratch.file("predictions.csv")
    let result = try lockstep(["evaluate", run.path, "--data", Self.golden, "--predictions", predictions])
    try #require(result.status == 0, "\(result.errors)")
    func rows(_ path: String, from column: Int) throws -> [[Double]] {
      try String(contentsOfFile: path, encoding: .utf8).split(separator: "\n").map {
        $0.split(separator: ",").dropFirst(column).compactMap { Double($0) }
      }.filter { !$0.isEmpty }
    }
    let (found, expected) = (
      try rows(predictions, from: 2), try rows("\(Self.golden)/\(file).csv", from: 0)
    )
    try #require(found.count == 20 && expected.count == 20)
    for (found, expected) in zip(found.joined(), expected.joined()) {
      #expect(abs(found - expected) < 2e-6)
    }
  }

  @Test func startsFromAnotherRun() throws {
    let first = try scene.train(["--max-steps", "5", "--model", "linear", "--normalize", "0.5,0.25"])
    let same = try scene.train(["--init", first.path, "--model", "linear", "--max-steps", "0"])
    #expect(same.digest == first.digest)
    #expect(same.result.errors.contains("--normalize 0.5,0.25 keeps that"), "\(same.result.errors)")
    #expect(try same.events("start").first?["initial_weights"] as? String == first.digest)
    #expect(try first.events("start").first?["initial_weights"] == nil)
  }

  /// What fits is kept, what does not is drawn as without it, and named; the bits are those of one process on any
  /// number of ranks, and after a resume.
  @Test func fineTunes() throws {
    let first = try scene.train(["--max-steps", "5", "--hidden", "20,30"])
    let recipe = ["--init", first.path, "--hidden", "20,10", "--max-steps"]
    let alone = try scene.train(recipe + ["20"])
    #expect(
      alone.result.errors.contains("layers.2.bias: [30] in the file, [10] here; layers.2.weight: [30, 20]"),
      "\(alone.result.errors)")
    for ranks in [2, 3, 4, 7] {
      #expect(try scene.train(recipe + ["20"], ranks: ranks).digest == alone.digest, "\(ranks) ranks")
    }
    let stopped = try scene.train(recipe + ["8"])
    try FileManager.default.removeItem(atPath: first.path)
    let resumed = try lockstep(
      ["train", "--data", scene.data, "--output", stopped.path, "--resume"] + recipe + ["20"], ranks: 2)
    #expect(resumed.status == 0 && resumed.output.hasSuffix("weights \(alone.digest)\n"), "\(resumed.errors)")
  }

  @Test(arguments: [nil, 2]) func whatIsNotThereIsNamed(ranks: Int?) throws {
    let path = scene.scratch.file("none.safetensors")
    let result = try lockstep(
      ["train", "--data", scene.data, "--init", path, "--output", scene.scratch.file("r")], ranks: ranks)
    #expect(result.status == 65 && result.errors.contains(path), "\(result.errors)")
    #expect(!FileManager.default.fileExists(atPath: scene.scratch.file("r")))
  }
}
