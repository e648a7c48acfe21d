import Foundation
import LockstepCore
import Testing

/// The promise: the same bits on any number of ranks and threads, by any instruction set, from data raw or compressed.
@Suite struct SameBitsTests {
  /// Nine steps an epoch of 1800 samples, the ninth of 176; ends within the third epoch. Neither 203 nor 176 divides
  /// evenly by 4 or 12 micro-batches, let alone by 7 ranks.
  static let recipe = [
    "--batch-size", "203", "--epochs", "5", "--max-steps", "22", "--validation-split", "0.1", "--seed", "7",
    "--log-every", "1",
    "--momentum", "0.9", "--weight-decay", "0.001", "--lr", "0.05", "--warmup-steps", "3",
    "--schedule", "step", "--milestones", "1,2", "--gamma", "0.5",
  ]

  /// Ranks, and threads of each. More than one process, or a team, is on the machine's cores in most of them.
  static let layouts = [(1, 4), (2, 1), (2, 2), (3, 1), (3, 2), (4, 1), (4, 4), (7, 1), (16, 1)]

  static let networks = [["--model", "linear"], ["--model", "mlp", "--hidden", "64,32"]]

  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  @Test(arguments: networks, ["4", "12"])
  func anyNumberOfRanksAndThreads(network: [String], microBatches: String) throws {
    let recipe = Self.recipe + network + ["--micro-batches", microBatches]
    let reference = try scene.train(recipe)
    for threads in [2, 4] {
      try expectSame(scene.train(recipe, threads: threads), reference, "\(threads) threads")
    }
    for (ranks, threads) in Self.layouts {
      let run = try scene.train(recipe, ranks: ranks, threads: threads)
      try expectSame(run, reference, "\(ranks) ranks of \(threads) threads")
    }
  }

  /// A convolutional network of the layers that the models do not have.
  @Test func otherLayers() throws {
    let layers = """
      conv 6 5x5, gelu, avgpool 2, conv 20 3x3 pad 1, silu, avgpool 3 stride 2, leakyrelu 0.1, layernorm, \
      batchnorm, groupnorm 5, globalavgpool, dense 30, batchnorm, relu, layernorm, sigmoid, dense classes
      """
    let recipe = Self.recipe + ["--network", layers]
    let reference = try scene.train(recipe)
    for (ranks, threads) in [(1, 3), (2, 2), (3, 1), (4, 1)] {
      let run = try scene.train(recipe, ranks: ranks, threads: threads)
      try expectSame(run, reference, "\(ranks) ranks of \(threads) threads")
    }
    for name in InstructionSet.names where InstructionSet.has(name) {
      try expectSame(scene.train(recipe, environment: ["LOCKSTEP_ISA": name]), reference, name)
    }
  }

  /// Ranks that share their parameters in memory, and ranks that exchange whole gradients.
  @Test(arguments: ["shared", "allreduce"])
  func everyExchange(name: String) throws {
    let recipe = Self.recipe + Self.networks[1]
    let reference = try scene.train(recipe)
    for ranks in [1, 2, 3, 4, 7] {
      let run = try scene.train(recipe + ["--exchange", name], ranks: ranks)
      try expectSame(run, reference, "\(name), \(ranks) ranks")
    }
  }

  /// A kernel sums a rank's gradients in double, or in pairs of floats where they are few and sure to be small: large
  /// pixels, and many micro-batches of tiny gradients, make one rank take the first way and four the second. Only the
  /// tiny ones, of which the grid of 2^-42 takes many bits, show whether both ways round to it.
  @Test(arguments: [
    ["--normalize", "0,0.1", "--lr", "0.002"],
    ["--normalize", "0,100000", "--lr", "1000", "--micro-batches", "512"],
  ])
  func kernelsSumInTwoWays(change: [String]) throws {
    let recipe = Self.recipe + Self.networks[0] + change
    let reference = try scene.train(recipe)
    for ranks in [2, 4] { try expectSame(scene.train(recipe, ranks: ranks), reference, "\(ranks) ranks") }
  }

  /// The digest must tell weights apart, or the tests above would compare nothing.
  @Test func everythingInTheRecipeDecidesTheBits() throws {
    let recipe = Self.recipe + Self.networks[1]
    var digests = [try scene.train(recipe).digest]
    let changes = [
      ["--seed", "8"], ["--micro-batches", "12"], ["--batch-size", "202"], ["--max-steps", "21"],
      ["--momentum", "0.8"], ["--weight-decay", "0.002"], ["--gamma", "0.4"], ["--warmup-steps", "4"],
      ["--validation-split", "0.2"], ["--reduction", "fast"], ["--reduction", "exact32"],
      ["--reduction", "exact16"],
    ]
    for change in changes { digests.append(try scene.train(recipe + change).digest) }
    #expect(Set(digests).count == 1 + changes.count, "\(digests)")
  }

  /// On the images that it is for: nine steps an epoch, the ninth of 4000 samples.
  @Test(arguments: networks) func realImages(network: [String]) throws {
    let recipe =
      ["--batch-size", "7000", "--micro-batches", "7", "--max-steps", "12", "--epochs", "5"] + network
    let reference = try scene.train(recipe, data: scene.realData, threads: nil)
    for ranks in [1, 3, 4, 7] {
      let run = try scene.train(recipe, data: scene.realData, ranks: ranks)
      try expectSame(run, reference, "\(ranks) ranks")
    }
  }

  @Test(arguments: networks) func everyInstructionSet(network: [String]) throws {
    let recipe = Self.recipe + network
    let reference = try scene.train(recipe)
    for name in InstructionSet.names where InstructionSet.has(name) {
      let run = try scene.train(recipe, environment: ["LOCKSTEP_ISA": name])
      try expectSame(run, reference, name)
      #expect(try run.events("start").first?["instruction_set"] as? String == name)
    }
  }

  /// A build that this CPU cannot run is not exchanged for another one.
  @Test func instructionSetsOfOtherCPUs() throws {
    #expect(InstructionSet.has("portable"))
    let others = InstructionSet.names.filter { !InstructionSet.has($0) } + ["avx1024"]
    for name in others {
      let result = try lockstep(
        ["train", "--data", scene.data, "--output", scene.scratch.file("run-\(name)")],
        environment: ["LOCKSTEP_ISA": name])
      #expect(result.status == 64, "\(name)")
      #expect(
        result.errors.contains("LOCKSTEP_ISA") && result.errors.contains("'\(name)'"), "\(result.errors)")
    }
  }

  @Test(arguments: [nil, 3]) func rawOrCompressed(ranks: Int?) throws {
    let compressed = scene.scratch.file("compressed")
    let mixed = scene.scratch.file("mixed")
    let commands = """
      cp -R "$1" "$2" && gzip -9 "$2"/* && cp -R "$1" "$3" && gzip -1 "$3"/train-images* "$3"/t10k-labels*
      """
    try #require(run("sh", ["-c", commands, "sh", scene.data, compressed, mixed]).status == 0)
    let reference = try scene.train(Self.recipe)
    for directory in [compressed, mixed] {
      let names = try FileManager.default.contentsOfDirectory(atPath: directory)
      try #require(names.count == 4 && names.contains("train-images-idx3-ubyte.gz"))
      try expectSame(scene.train(Self.recipe, data: directory, ranks: ranks), reference, directory)
    }
  }

  /// Sums in Float promise less: each run's replicas agree, which the run itself checks.
  @Test(arguments: [nil, 1, 2, 3, 4]) func fastReduction(ranks: Int?) throws {
    let run = try scene.train(Self.recipe + Self.networks[1] + ["--reduction", "fast"], ranks: ranks)
    let digest = try lockstep(["digest", run.path])
    #expect(digest.status == 0)
    #expect(digest.output == run.digest + "\n")
  }
}
