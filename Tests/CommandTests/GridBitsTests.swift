import Foundation
import LockstepCore
import Testing

/// `--reduction exact32` and `exact16` promise what `exact` does: the same bits on any number of ranks and threads.
@Suite struct GridBitsTests {
  /// The ninth step of an epoch has 176 samples; the grids know it.
  static let recipe = [
    "--batch-size", "203", "--epochs", "2", "--max-steps", "11", "--validation-split", "0.1", "--seed", "7",
    "--log-every", "1", "--momentum", "0.9", "--lr", "0.05",
  ]
  static let mlp = ["--hidden", "32"]
  static let convolutional = ["--network", "conv 6 5x5, relu, maxpool 2, dense 20, relu, dense classes"]
  static let reductions = ["exact32", "exact16"]

  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  @Test(arguments: reductions, [mlp, convolutional])
  func anyNumberOfRanksAndThreads(reduction: String, network: [String]) throws {
    let recipe = Self.recipe + network + ["--reduction", reduction, "--micro-batches", "4"]
    let reference = try scene.train(recipe)
    for (ranks, threads) in [(1, 3), (2, 2), (3, 1), (4, 1), (7, 1)] {
      let run = try scene.train(recipe, ranks: ranks, threads: threads)
      try expectSame(run, reference, "\(ranks) ranks of \(threads) threads")
    }
    for exchange in ["shared", "allreduce"] {
      let run = try scene.train(recipe + ["--exchange", exchange], ranks: 3)
      try expectSame(run, reference, "3 ranks, \(exchange)")
    }
    for name in InstructionSet.names where InstructionSet.has(name) {
      try expectSame(scene.train(recipe, environment: ["LOCKSTEP_ISA": name]), reference, name)
    }
    let clamped = try reference.events("epoch").map { $0["clamped_gradients"] as? Int }
    #expect(!clamped.isEmpty && clamped.allSatisfy { $0 != nil }, "\(clamped)")
  }

  @Test(arguments: reductions) func manyMicroBatches(reduction: String) throws {
    let recipe = Self.recipe + Self.mlp + ["--reduction", reduction, "--micro-batches", "64"]
    let reference = try scene.train(recipe, threads: 2)
    for ranks in [3, 4] { try expectSame(scene.train(recipe, ranks: ranks), reference, "\(ranks) ranks") }
  }

  /// A line of a run without grids does not say that nothing was cut off.
  @Test func othersCountNothing() throws {
    let run = try scene.train(Self.recipe + Self.mlp)
    #expect(try run.events("epoch").allSatisfy { $0["clamped_gradients"] == nil })
  }

  @Test(arguments: reductions, [nil, 3])
  func aRunThatDivergesEndsOnAllRanks(reduction: String, ranks: Int?) throws {
    let result = try lockstep(
      [
        "train", "--data", scene.data, "--output", scene.scratch.file("run"), "--lr", "1e6", "--threads", "1",
        "--network", "dense 20, leakyrelu 0.5, dense 20, leakyrelu 0.5, dense classes", "--reduction",
        reduction, "--quiet",
      ], ranks: ranks)
    expect(result, status: 1, naming: ["step ", ", layers.", "finite gradients", "NaN or infinity", "--lr"])
    let lines = result.errors.split(separator: "\n").filter { $0.contains("finite gradients") }
    #expect(lines.count == 1, "\(result.errors)")
  }
}
