import Foundation
import Testing

/// What does not fit into memory is told before it is tried, with the flags that lower it.
@Suite struct MemoryLimitTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private func train(_ arguments: [String]) -> [String] {
    ["train", "--data", scene.data, "--output", scene.scratch.file("run"), "--threads", "1"] + arguments
  }

  /// More than any machine has.
  @Test(arguments: [
    (["--hidden", "1000000,1000000"], ["layer 2 (dense 1000000)", "parameters"]),
    (["--batch-size", "2000000000"], ["--batch-size", "from 1 to 1000000"]),
    (
      ["--network", "conv 1000000 1x1, maxpool 28, flatten, dense classes", "--batch-size", "1000000"],
      ["memory", "for activations", "Lower --batch-size"]
    ),
    (
      ["--network", "conv 30000 1x1, conv 1 100x100 pad 99, flatten, dense classes"],
      ["layer 1 (conv 1 100x100"]
    ),
  ])
  func absurdSizes(arguments: [String], mentions: [String]) throws {
    expect(try lockstep(train(arguments)), status: 64, naming: mentions)
    #expect(!FileManager.default.fileExists(atPath: scene.scratch.file("run")))
  }

  @Test(arguments: [nil, 3]) func aLimitOnTheAddressSpace(ranks: Int?) throws {
    let limit = ["sh", "-c", "ulimit -v 2000000; exec \"$@\"", "sh"]
    let arguments = train(["--hidden", "9000,9000"])
    let result =
      if let ranks {
        try mpirun([RankGroup(ranks, arguments, wrapper: limit)])
      } else {
        try Launch.takingTurns { try run(limit[0], limit[1...] + [Repository.lockstep] + arguments) }
      }
    expect(result, status: 64, naming: ["memory", "ulimit -v", "Lower --hidden"])
  }

  /// One rank of three, whose node is small.
  @Test func aLimitOnOneRank() throws {
    let limit = ["sh", "-c", "ulimit -v 2000000; exec \"$@\"", "sh"]
    let arguments = train(["--hidden", "9000,9000", "--exchange", "allreduce"])
    let result = try mpirun([RankGroup(2, arguments), RankGroup(1, arguments, wrapper: limit)])
    expect(result, status: 64, naming: ["rank 2 on ", "memory", "ulimit -v"])
  }

  /// Files, stacks and threads: each is told with the limit that is in the way, before anything is written.
  @Test(arguments: [
    ("ulimit -n 6", [String](), 1, "ulimit -n"), ("ulimit -n 8", [], 1, "ulimit -n"),
    ("ulimit -s 256", [], 64, "ulimit -s"), ("ulimit -v 300000", ["--threads", "200"], 1, "ulimit -v"),
  ])
  func otherLimits(_ scenario: (limit: String, arguments: [String], status: Int, naming: String)) throws {
    let limit = ["sh", "-c", scenario.limit + "; exec \"$@\"", "sh"]
    let arguments = train(["--quiet"] + scenario.arguments)
    let result = try Launch.takingTurns { try run(limit[0], limit[1...] + [Repository.lockstep] + arguments) }
    expect(result, status: Int32(scenario.status), naming: [scenario.naming])
    #expect(!FileManager.default.fileExists(atPath: scene.scratch.file("run")))
  }

  /// From too little to load anything to enough: an error, or a result; never a crash. In small steps where the program
  /// is only just loaded, which is at another size with another MPI.
  @Test(
    arguments: Array(stride(from: 60_000, to: 150_000, by: 4_000))
      + Array(stride(from: 150_000, through: 420_000, by: 30_000)))
  func whateverTheLimit(kilobytes: Int) throws {
    let limit = ["sh", "-c", "ulimit -v \(kilobytes); exec \"$@\"", "sh"]
    let arguments = train(["--max-steps", "5", "--quiet"])
    let result = try Launch.takingTurns { try run(limit[0], limit[1...] + [Repository.lockstep] + arguments) }
    // 127: the libraries themselves do not fit.
    #expect([0, 1, 64, 65, 127].contains(result.status), "\(result.status): \(result.errors)")
    #expect([0, 127].contains(result.status) || result.errors.contains("lockstep: "), "\(result.errors)")
  }
}
