import Foundation
import Testing

/// `sweep`: the same rows, ranking and digest on any number of ranks and groups, of the training files alone.
@Suite struct SweepTests {
  let scene: TrainingScene
  private static let grid = """
    lr: [0.02, 0.1, 1000000]
    hidden: [[8], [6, 4]]
    epochs: 2
    batch-size: 50

    """

  init() throws { scene = try TrainingScene() }

  /// Writes a grid and sweeps over it.
  private func sweep(
    _ grid: String = grid, _ arguments: [String] = [], data: String? = nil, output: String? = nil,
    ranks: Int? = nil, status: Int32 = 0, environment: [String: String] = [:]
  ) throws -> (result: CommandResult, path: String) {
    let file = scene.scratch.file("grid-" + UUID().uuidString + ".yaml")
    try grid.write(toFile: file, atomically: false, encoding: .utf8)
    let path = output ?? scene.scratch.file("sweep-" + UUID().uuidString)
    let fixed = ["sweep", file, "--data", data ?? scene.data, "--output", path, "--threads", "1"]
    let result = try lockstep(fixed + arguments, ranks: ranks, environment: environment)
    try #require(result.status == status, "\(result.errors)\(result.output)")
    return (result, path)
  }

  /// The lines of `sweep.jsonl`.
  private func lines(_ path: String) throws -> [[String: Any]] {
    try Data(contentsOf: URL(fileURLWithPath: path + "/sweep.jsonl")).split(separator: UInt8(ascii: "\n")).map
    {
      try #require(try JSONSerialization.jsonObject(with: $0) as? [String: Any])
    }
  }

  private func digest(_ output: String) throws -> String {
    let line = try #require(output.split(separator: "\n").last)
    try #require(line.hasPrefix("sweep ") && line.count == 22, "\(output)")
    return String(line)
  }

  /// Six trials of which two diverge, by the ranks and groups of each job.
  @Test func sameRankingOnAnyCluster() throws {
    let alone = try sweep()
    let table = alone.result.output.split(separator: "\n")
    #expect(table.count == 8, "\(alone.result.output)")
    #expect(table[5].contains("failed") && table[6].contains("failed") && !table[4].contains("failed"))
    #expect(table[5].contains("lr 1000000.0"))
    let rows = try lines(alone.path).dropFirst()
    let failed = rows.filter { $0["status"] as? String == "failed" }
    #expect(failed.count == 2 && rows.count == 6)
    #expect(failed.allSatisfy { ($0["message"] as? String)?.hasPrefix("diverged in step ") == true })
    for (ranks, each) in [(1, 1), (2, 1), (3, 2), (4, 2), (7, 3), (7, 1)] {
      let other = try sweep(Self.grid, ["--ranks-per-trial", "\(each)"], ranks: ranks)
      #expect(other.result.output == alone.result.output, "\(ranks) ranks, \(each) a trial")
      let hasIdle = ranks % each > 0
      #expect(
        other.result.errors.contains("ranks have nothing to do, because") == hasIdle, "\(other.result.errors)"
      )
    }
  }

  /// A trial is the training that its recipe describes.
  @Test func aTrialIsARun() throws {
    let result = try sweep("lr: [0.02, 0.1]\nhidden: [8]\nepochs: 2\n", ["--ranks-per-trial", "2"], ranks: 4)
    for row in try lines(result.path).dropFirst() {
      let number = try #require(row["trial"] as? Int)
      let recipe = "\(result.path)/trials/\(number)/config.yaml"
      let run = try scene.train(["--recipe", recipe])
      #expect(row["weights"] as? String == run.digest)
      #expect(
        try run.events("epoch").last?["validation_loss"] as? Double == row["validation_loss"] as? Double)
      #expect((row["validation_losses"] as? [Double])?.count == 2)
    }
    let curves = try lockstep(["curves", "\(result.path)/trials/1", "\(result.path)/trials/2"])
    #expect(curves.status == 0, "\(curves.errors)")
  }

  /// By its averaged weights, where it has some; a decay of nearly 1 hardly leaves the weights of the first step.
  @Test func averagesAreJudged() throws {
    let result = try sweep("ema: [0, 0.5, 0.99999]\nmodel: linear\nepochs: 2\n", ranks: 2)
    #expect(result.result.errors.contains("trials with ema are judged by their averaged weights"))
    let rows = try lines(result.path).dropFirst()
    for row in rows {
      let number = try #require(row["trial"] as? Int)
      let run = try scene.train(["--recipe", "\(result.path)/trials/\(number)/config.yaml"])
      let key = number == 1 ? "validation_loss" : "ema_validation_loss"
      let losses = try run.events("epoch").compactMap { $0[key] as? Double }
      #expect(losses.count == 2 && losses == row["validation_losses"] as? [Double])
      #expect(losses.last == row["validation_loss"] as? Double)
      #expect(row["weights"] as? String == run.digest)
    }
    #expect(rows.count == 3 && Set(rows.compactMap { $0["weights"] as? String }).count == 1)
    #expect(result.result.output.split(separator: "\n")[3].contains("ema 0.99999"))
  }

  /// Test files are not even opened: without them, and with damaged ones, everything is the same.
  @Test func neverTheTestSet() throws {
    let grid = "lr: [0.02, 0.1]\nmodel: linear\nepochs: 1\n"
    let whole = try sweep(grid)
    #expect(whole.result.errors.contains("the test samples are not read"))
    #expect(
      !(try String(contentsOfFile: whole.path + "/trials/1/metrics.jsonl", encoding: .utf8)).contains(
        "test_loss"))
    let other = scene.scratch.file("half")
    try FileManager.default.copyItem(atPath: scene.data, toPath: other)
    for name in ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
      try Data("damaged".utf8).write(to: URL(fileURLWithPath: "\(other)/\(name)"))
    }
    #expect(try sweep(grid, data: other).result.output == whole.result.output)
    for name in ["t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"] {
      try FileManager.default.removeItem(atPath: "\(other)/\(name)")
    }
    #expect(try sweep(grid, data: other, ranks: 2).result.output == whole.result.output)
  }

  @Test func seeds() throws {
    let result = try sweep("lr: [0.02, 0.1]\nmodel: linear\nepochs: 1\n", ["--seeds", "3"], ranks: 3)
    let table = result.result.output.split(separator: "\n")
    #expect(table.count == 4 && table[0].contains("deviation"), "\(result.result.output)")
    let rows = try lines(result.path).dropFirst()
    #expect(Set(rows.compactMap { $0["weights"] as? String }).count == 6)
    let all = rows.filter { $0["point"] as? Int == 1 }.compactMap { $0["validation_accuracy"] as? Double }
    let mean = all.reduce(0, +) / 3
    let deviation = (all.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 2).squareRoot()
    let line = try #require(table.first { $0.hasSuffix("lr 0.02") })
    for value in [mean, deviation, deviation / 3.0.squareRoot()] {
      #expect(line.contains(String(format: "%.2f%%", 100 * value)), "\(value) in \(line)")
    }
  }

  /// Four trials for an epoch, the best two for two, the best for all four: as if it had been trained at once.
  @Test func halving() throws {
    let grid = "lr: [0.0001, 0.001, 0.02, 0.1]\nmodel: linear\nepochs: 4\nschedule: cosine\n"
    let alone = try sweep(grid, ["--halving", "2"])
    let rows = try lines(alone.path).dropFirst()
    #expect(rows.map { $0["rung"] as? Int } == [1, 1, 1, 1, 2, 2, 3])
    #expect(rows.map { ($0["train_losses"] as? [Any])?.count } == [1, 1, 1, 1, 2, 2, 4])
    for ranks in [2, 3] {
      #expect(try sweep(grid, ["--halving", "2"], ranks: ranks).result.output == alone.result.output)
    }
    let whole = try lines(try sweep(grid).path).dropFirst()
    let best = try #require(rows.last)
    let same = try #require(whole.first { $0["trial"] as? Int == best["trial"] as? Int })
    #expect(best["weights"] as? String == same["weights"] as? String)
  }

  @Test func refusals() throws {
    let run = try scene.train(["--model", "linear", "--epochs", "1"])
    #expect(try sweep(output: run.path, status: 64).result.errors.contains("found a run (metrics.jsonl)"))
    let ranks = try sweep(Self.grid, ["--ranks-per-trial", "3"], ranks: 2, status: 64).result.errors
    #expect(
      ranks.contains("--ranks-per-trial: expected a number from 1 to the job's 2 ranks, found 3"), "\(ranks)")
    let network = try sweep("network: [[dense classes], [maxpool 50, dense classes]]", status: 64)
    #expect(network.result.errors.contains("trial 2 (network maxpool 50"), "\(network.result.errors)")
    #expect(!FileManager.default.fileExists(atPath: network.path))
    let value = try sweep("lr: [0.1, fast]", ranks: 2, status: 64).result.errors
    #expect(value.contains(": lr: expected a number above 0") && value.contains("'fast'"), "\(value)")
    #expect(try sweep(Self.grid, ["--seed", "3"], status: 64).result.errors.contains("--random"))
  }
}
