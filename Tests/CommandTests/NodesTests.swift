import Foundation
import Testing

/// Ranks on several nodes, of which some have one rank only: what ranks of a node share, such a rank has alone.
@Suite struct NodesTests {
  let scene: TrainingScene
  let path: String
  /// Memory that nobody has zeroed holds large negative numbers.
  let dirtyMemory = ["MALLOC_PERTURB_": "1"]

  init() throws {
    scene = try TrainingScene()
    path = scene.scratch.file("run")
  }

  /// Slices of 200 to 400 KB go between nodes in a ring.
  @Test(arguments: [[1, 1], [2, 1], [2, 2], [1, 1, 1]], ["auto", "shared", "allreduce"])
  func sameBits(ranksOfNodes: [Int], exchange: String) throws {
    try expectSameBits(ranksOfNodes, exchange: exchange, reduction: "exact")
  }

  /// Slices of integers, after a first step's of doubles.
  @Test(arguments: [([1, 1], "auto"), ([2, 1], "shared"), ([1, 2], "allreduce")], ["exact32", "exact16"])
  func sameBitsOnGrids(job: (ranks: [Int], exchange: String), reduction: String) throws {
    try expectSameBits(job.ranks, exchange: job.exchange, reduction: reduction)
  }

  private func expectSameBits(_ ranksOfNodes: [Int], exchange: String, reduction: String) throws {
    let recipe = [
      "--hidden", "64", "--max-steps", "20", "--momentum", "0.9", "--quiet", "--log-every", "1",
      "--reduction", reduction,
    ]
    let reference = try scene.train(recipe)
    let result = try lockstep(
      ["train", "--data", scene.data, "--output", path, "--threads", "1", "--exchange", exchange] + recipe,
      ranksOfNodes: ranksOfNodes, environment: dirtyMemory)
    #expect(result.status == 0, "\(result.errors)")
    let run = TrainingRun(path: path, result: result)
    #expect(run.digest == reference.digest)
    #expect(try run.measurements == reference.measurements)
    #expect(try run.events("start").first?["ranks"] as? Int == ranksOfNodes.reduce(0, +))
  }

  /// A bucket a layer, all in one, and what suits the network; of 3 MB in several pieces a ring, while layers compute.
  @Test(arguments: [["--bucket-bytes", "1"], ["--bucket-bytes", "1000000000"], []])
  func anyBuckets(options: [String]) throws {
    let recipe = ["--hidden", "512,64", "--max-steps", "12", "--quiet"]
    let reference = try scene.train(recipe)
    for (ranksOfNodes, threads) in [([1, 1, 1], "2"), ([2, 1], "1")] {
      let output = path + "-\(ranksOfNodes.count)"
      let result = try lockstep(
        ["train", "--data", scene.data, "--output", output, "--threads", threads] + recipe + options,
        ranksOfNodes: ranksOfNodes, environment: dirtyMemory)
      #expect(result.status == 0, "\(result.errors)")
      #expect(TrainingRun(path: output, result: result).digest == reference.digest, "\(ranksOfNodes)")
    }
  }

  /// For longer than the timeout and the three seconds that a rank waits once another has told of a stall.
  @Test(arguments: [[1], [1, 1]]) func aSlowStepOfARankAlone(ranksOfNodes: [Int]) throws {
    let result = try lockstep(
      [
        "train", "--data", scene.data, "--output", path, "--model", "linear", "--max-steps", "20", "--quiet",
        "--stall-timeout", "1", "--threads", "1",
      ], ranksOfNodes: ranksOfNodes,
      environment: dirtyMemory.merging(["LOCKSTEP_FAULT_SLOW": "5:10"]) { $1 })
    #expect(result.status == 0, "\(result.errors)")
    // mpirun may have a warning of its own about how it starts a daemon.
    #expect(!result.errors.contains("lockstep: "), "\(result.errors)")
  }

  @Test func aStoppedRankIsNamed() throws {
    let result = try lockstep(
      [
        "train", "--data", scene.data, "--output", path, "--model", "linear", "--epochs", "1000000",
        "--quiet",
        "--stall-timeout", "1", "--threads", "1",
      ], ranksOfNodes: [1, 1, 1],
      environment: dirtyMemory.merging(["LOCKSTEP_FAULT_FILE_OPERATION": "14:hang"]) { $1 })
    expect(result, status: 1, naming: ["rank 0 on ", "for the file system"])
  }
}
