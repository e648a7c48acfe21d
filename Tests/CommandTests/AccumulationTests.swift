import Foundation
import Testing

/// Where memory does not hold a rank's micro-batches at once, it computes them one after the other: to the same bits.
@Suite struct AccumulationTests {
  /// A micro-batch of 250 samples takes about 100 MB.
  static let recipe = [
    "--batch-size", "2000", "--micro-batches", "8", "--max-steps", "2", "--trace-gradients", "2",
  ]
  static let network = ["--network", "conv 64 3x3, relu, maxpool 2, dropout 0.2, dense classes"]
  static let large = ["--network", "conv 230 3x3, relu, maxpool 2, dense classes"]

  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// A training in an address space of so many bytes a rank, of which malloc takes no more than it needs. The first
  /// `free` ranks have no limit.
  private func train(_ arguments: [String], ranks: Int, free: Int, bytes: Int) throws -> TrainingRun {
    let path = scene.scratch.file("run-" + UUID().uuidString)
    let limit = ["sh", "-c", "ulimit -v \(bytes / 1024); exec \"$@\"", "sh"]
    let fixed = ["train", "--data", scene.data, "--output", path, "--threads", "1"]
    let command = fixed + Self.recipe + arguments
    let groups =
      (free > 0 ? [RankGroup(free, command)] : []) + [RankGroup(ranks - free, command, wrapper: limit)]
    return TrainingRun(path: path, result: try mpirun(groups, environment: ["MALLOC_ARENA_MAX": "1"]))
  }

  /// The bytes that a refused training may have, and those that it needs.
  private func refusal(_ run: TrainingRun, naming: [String] = []) throws -> (most: Int, needed: Int) {
    expect(run.result, status: 64, naming: ["lockstep: ", "memory", "ulimit -v", "Lower "] + naming)
    let numbers = try #require(
      run.result.errors.firstMatch(of: #/at most ([0-9]+) MB.* found ([0-9.]+) [MG]B/#),
      "\(run.result.errors)")
    return (Int(numbers.output.1)! * 1_000_000, (Int(numbers.output.2) ?? 0) * 1_000_000)
  }

  /// The last job has one rank of little memory, with which all agree.
  @Test(arguments: [(1, 0), (2, 0), (3, 0), (4, 0), (7, 0), (3, 2)])
  func asMuchAsMemoryHolds(ranks: Int, free: Int) throws {
    let reference = try scene.train(Self.recipe + Self.network)
    #expect(!reference.result.errors.contains("accumulated"))
    #expect(try reference.events("start").allSatisfy { $0["micro_batches_at_once"] == nil })
    // What is left of this tells what the program itself takes.
    let little = 700_000_000
    let program = little - (try refusal(train(Self.large, ranks: ranks, free: free, bytes: little))).most
    for exchange in ["shared", "allreduce"] {
      let arguments = Self.network + ["--exchange", exchange]
      let less = program + 60_000_000
      let (most, needed) = try refusal(
        train(arguments, ranks: ranks, free: free, bytes: less),
        naming: ["--batch-size", "raise --micro-batches (which changes the bits)"])
      // One micro-batch, and not a second one.
      let run = try train(arguments, ranks: ranks, free: free, bytes: less + needed - most + 40_000_000)
      try #require(run.result.status == 0, "\(run.result.errors)")
      try expectSame(run, reference, "\(exchange), \(ranks) ranks")
      #expect(try run.file("gradients.jsonl") == reference.file("gradients.jsonl"))
      let own = (8 + ranks - 1) / ranks
      let line =
        "memory holds 1 of a rank's \(own) micro-batches at once: gradients are accumulated "
        + "over \(own) passes (the same bits)\n"
      #expect(run.result.errors.components(separatedBy: line).count == 2, "\(run.result.errors)")
      #expect(try run.events("start").first?["micro_batches_at_once"] as? Int == 1)
      guard ranks == 2 else { continue }
      // Sums in Float come out otherwise, which --quiet does not keep to itself.
      let fast = try train(
        arguments + ["--reduction", "fast", "--quiet"], ranks: ranks, free: free,
        bytes: less + needed - most + 40_000_000)
      let warning = "lockstep: warning: memory holds 1 of a rank's \(own) micro-batches at once"
      #expect(fast.result.status == 0 && fast.result.errors.hasPrefix(warning), "\(fast.result.errors)")
    }
  }
}
