import Foundation
import LockstepCore
import Testing

/// `--trace-gradients`: the same lines on any number of ranks and threads, whose `diff` names step and tensor.
@Suite struct GradientTraceTests {
  /// Nine steps an epoch of 1800 samples, the ninth of 176. Traced over the end of the first epoch.
  static let recipe = [
    "--batch-size", "203", "--epochs", "3", "--max-steps", "12", "--validation-split", "0.1", "--seed", "7",
    "--quiet",
  ]
  static let flag = ["--trace-gradients", "11"]

  static let dense = ["--hidden", "64,33", "--momentum", "0.9", "--weight-decay", "0.001"]
  static let convolution = [
    "--network", "conv 6 5x5, relu, maxpool 2, dropout2d 0.2, dense 20, tanh, dropout 0.5, dense classes",
    "--optimizer", "adam", "--lr", "0.002", "--reduction", "exact32",
  ]
  static let augmentation = [
    "--model", "linear", "--augment-shift", "2", "--augment-rotate", "10", "--reduction", "exact16",
  ]

  static let layouts: [(ranks: Int?, threads: Int)] = [
    (nil, 2), (nil, 4), (1, 1), (2, 1), (2, 2), (3, 1), (3, 4), (4, 2), (7, 1), (7, 2),
  ]

  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private func lines(_ run: TrainingRun) throws -> [String] {
    try String(decoding: run.file("gradients.jsonl"), as: UTF8.self).split(separator: "\n").map(String.init)
  }

  /// The first line that differs, of each of two files.
  private func parting(_ first: TrainingRun, _ second: TrainingRun) throws -> ([String: Any], [String: Any]) {
    let pairs = zip(try lines(first), try lines(second))
    let differing = try #require(pairs.first { $0 != $1 })
    func object(_ line: String) throws -> [String: Any] {
      try #require(JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any])
    }
    return (try object(differing.0), try object(differing.1))
  }

  @Test(arguments: [dense, convolution, augmentation]) func anyNumberOfRanksAndThreads(network: [String])
    throws
  {
    let recipe = Self.recipe + network
    let plain = try scene.train(recipe)
    let reference = try scene.train(recipe + Self.flag)
    try expectSame(reference, plain, "traced")
    #expect(!FileManager.default.fileExists(atPath: plain.path + "/gradients.jsonl"))
    let lines = try lines(reference)
    let steps = lines.filter { $0.contains(#""epoch":"#) }
    #expect(steps.count == 11 && steps[8].contains(#""samples":176,"#), "\(steps)")
    #expect(lines.count % 11 == 0 && Set(lines).count == lines.count)
    for layout in Self.layouts {
      let run = try scene.train(recipe + Self.flag, ranks: layout.ranks, threads: layout.threads)
      try expectSame(run, plain, "\(layout)")
      #expect(try run.file("gradients.jsonl") == reference.file("gradients.jsonl"), "\(layout)")
    }
    for exchange in ["shared", "allreduce"] {
      let run = try scene.train(recipe + Self.flag + ["--exchange", exchange], ranks: 3)
      #expect(try run.file("gradients.jsonl") == reference.file("gradients.jsonl"), "\(exchange)")
    }
    for name in InstructionSet.names where InstructionSet.has(name) {
      let run = try scene.train(recipe + Self.flag, environment: ["LOCKSTEP_ISA": name])
      #expect(try run.file("gradients.jsonl") == reference.file("gradients.jsonl"), "\(name)")
    }
  }

  /// Ranks of two nodes, and of three that have one each.
  @Test(arguments: [[2, 1], [1, 1, 1]]) func severalNodes(ranksOfNodes: [Int]) throws {
    let reference = try scene.train(Self.recipe + Self.dense + Self.flag)
    let path = scene.scratch.file("nodes")
    let train = ["train", "--data", scene.data, "--output", path, "--threads", "1"]
    let result = try lockstep(train + Self.recipe + Self.dense + Self.flag, ranksOfNodes: ranksOfNodes)
    #expect(result.status == 0, "\(result.errors)")
    let run = TrainingRun(path: path, result: result)
    #expect(try run.digest == reference.digest && lines(run) == lines(reference))
  }

  /// The fast reduction's bits are the layout's own, and stay what they are.
  @Test(arguments: [nil, 1, 3]) func fastReduction(ranks: Int?) throws {
    let recipe = Self.recipe + Self.dense + ["--reduction", "fast"]
    let traced = try scene.train(recipe + Self.flag, ranks: ranks)
    #expect(try traced.digest == scene.train(recipe, ranks: ranks).digest)
    #expect(try lines(traced).count == 11 * 7)
  }

  /// A bit that flips in one tensor shows in that step's line of it, in the weights after and nothing before. Ranks
  /// with replicas of their own find at the end that they differ, and have the lines by then.
  @Test(arguments: [nil, 3]) func aFlippedBitIsFound(ranks: Int?) throws {
    let recipe = Self.recipe + Self.dense + ["--max-steps", "8"] + Self.flag
    let sound = try scene.train(recipe)
    let path = scene.scratch.file("faulty")
    let train =
      ["train", "--data", scene.data, "--output", path, "--threads", "1", "--exchange", "allreduce"] + recipe
    let flip = RankGroup(1, train, wrapper: ["env", "LOCKSTEP_FAULT_BIT_FLIP=layers.2.weight:5"])
    let result = try mpirun([flip] + (ranks.map { [RankGroup($0 - 1, train)] } ?? []))
    #expect(result.status == (ranks == nil ? 0 : 1), "\(result.errors)")
    let (right, wrong) = try parting(sound, TrainingRun(path: path, result: result))
    for line in [right, wrong] {
      #expect(line["step"] as? Int == 5 && line["tensor"] as? String == "layers.2.weight", "\(line)")
    }
    for key in ["before", "gradient"] { #expect(right[key] as? String == wrong[key] as? String) }
    #expect(right["after"] as? String != wrong["after"] as? String)
  }

  /// Another pixel shows in the first line, another seed in the order of the samples too.
  @Test func aBatchThatDiffersIsFound() throws {
    let recipe = Self.recipe + Self.dense + ["--max-steps", "2"] + Self.flag
    let other = scene.scratch.file("other")
    try FileManager.default.copyItem(atPath: scene.data, toPath: other)
    var images = try scene.scratch.data("other/train-images-idx3-ubyte")
    // Of every sample, so that it is one of the first batch.
    for sample in 0..<2000 { images[16 + 784 * sample + 406] ^= 1 }
    try scene.scratch.write(images, to: "other/train-images-idx3-ubyte")
    let first = try scene.train(recipe + ["--normalize", "none"])
    let (right, wrong) = try parting(first, scene.train(recipe + ["--normalize", "none"], data: other))
    #expect(right["step"] as? Int == 1 && right["order"] as? String == wrong["order"] as? String)
    #expect(right["inputs"] as? String != wrong["inputs"] as? String)
    let (mine, others) = try parting(
      first, scene.train(recipe + ["--normalize", "none", "--seed", "8"]))
    #expect(mine["order"] as? String != others["order"] as? String)
  }

  /// Where the last checkpoint is lost, the lines after the one before are written again. A number counts the steps
  /// of the start.
  @Test(arguments: [nil, 3]) func aResumedRunGoesOn(ranks: Int?) throws {
    let recipe = Self.recipe + Self.dense
    let reference = try scene.train(recipe + ["--trace-gradients", "1-12"])
    let path = scene.scratch.file("run")
    let train = [
      "train", "--data", scene.data, "--output", path, "--threads", "1", "--checkpoint-every", "4",
    ]
    let stopped = try lockstep(
      train + recipe + ["--trace-gradients", "20"], ranks: ranks,
      environment: ["LOCKSTEP_FAULT_SIGNAL": "\(SIGTERM):7"])
    #expect(stopped.status == 75, "\(stopped.errors)")
    try FileManager.default.removeItem(atPath: path + "/checkpoints/step-00000007.safetensors")
    let resumed = train + recipe + ["--resume", "--trace-gradients"]
    let result = try lockstep(resumed + ["8"], ranks: ranks)
    #expect(result.status == 0, "\(result.errors)")
    let run = TrainingRun(path: path, result: result)
    #expect(try run.digest == reference.digest && lines(run) == lines(reference))
    let again = try lockstep(resumed + ["3-4"], ranks: ranks)
    #expect(again.errors.contains("lockstep: warning: --trace-gradients: no step is left"), "\(again.errors)")
    #expect(try lines(run) == lines(reference))
  }

  @Test(arguments: ["0", "-3", "many", "5-3", "0-4", "1.5", ""]) func whatIsNoNumberOfSteps(text: String)
    throws
  {
    let result = try lockstep(["train", "--data", scene.data, "--trace-gradients", text], ranks: 2)
    expect(
      result, status: 64,
      naming: ["--trace-gradients: expected a number of steps such as 10", "100-120", "found '\(text)'"])
  }

  @Test func stepsThatAreNotTaken() throws {
    let run = try scene.train(Self.recipe + ["--model", "linear", "--trace-gradients", "100-120"], ranks: 2)
    #expect(
      run.result.errors
        == "lockstep: warning: --trace-gradients: this start takes steps 1 to 12, none of those to be "
        + "traced\n")
    #expect(try lines(run).isEmpty)
  }
}
