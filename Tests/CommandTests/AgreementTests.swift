import Foundation
import Testing

/// Ranks that were started differently do not begin: within seconds the first that differs is named, with what rank 0
/// has.
@Suite struct AgreementTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  private func train(_ more: [String] = []) -> [String] {
    [
      "train", "--data", scene.data, "--output", scene.scratch.file("run"), "--model", "linear",
      "--max-steps",
      "10", "--threads", "1", "--quiet",
    ] + more
  }

  /// Two ranks; nothing is left of either.
  private func expectRefusal(
    _ first: [String], _ second: [String], wrapper: [String] = [], naming texts: [String]
  ) throws {
    let result = try mpirun([RankGroup(1, first), RankGroup(1, second, wrapper: wrapper)])
    expect(result, status: 64, naming: ["rank 1 on ", "as on rank 0 on "] + texts)
    #expect(!FileManager.default.fileExists(atPath: scene.scratch.file("run")))
  }

  /// What one rank is given and the other is not.
  static let options: [[String]] = [
    ["--resume"], ["--show"], ["--exchange", "allreduce"], ["--exchange", "shared"],
    ["--bucket-bytes", "1"],
    ["--stall-timeout", "0"],
    ["--stall-timeout", "1"], ["--checkpoint-every", "3"], ["--log-every", "1"], ["--keep", "1"],
    ["--max-time", "9"], ["--trace", "t"],
    ["--seed", "2"],
    ["--micro-batches", "2"], ["--reduction", "fast"], ["--recipe", "mlp-512"],
    ["--validation-split", "0.5"],
  ]

  @Test(arguments: options, [false, true]) func anOptionOfOneRank(option: [String], isRank0s: Bool) throws {
    let (more, less) = (train(option), train())
    try expectRefusal(isRank0s ? more : less, isRank0s ? less : more, naming: [option[0] + ": expected"])
  }

  @Test func anOutputOfItsOwn() throws {
    try expectRefusal(
      train(), train(["--output", "elsewhere"]), naming: ["--output: expected", "'elsewhere'"])
  }

  /// Other subcommands than train.
  @Test func everySubcommand() throws {
    let run = try scene.train(["--max-steps", "1", "--model", "linear"]).path
    let evaluate = ["evaluate", run, "--data", scene.data]
    let predictions = scene.scratch.file("predictions")
    try expectRefusal(
      evaluate, evaluate + ["--predictions", predictions], naming: ["--predictions", "not given"])
    try expectRefusal(evaluate + ["--json"], evaluate, naming: ["--json", "not given"])
    try expectRefusal(evaluate, ["evaluate", "other", "--data", scene.data], naming: ["<model>", "'other'"])
    try expectRefusal(
      ["export", run, "--onnx", "a.onnx"], ["export", run, "--onnx", "b.onnx"],
      naming: ["--onnx", "'b.onnx'"])
    try expectRefusal(["digest", run], ["digest", "other"], naming: ["<model>", "'other'"])
    try expectRefusal(["doctor"], ["doctor", "--json"], naming: ["--json"])
    let synthesize = ["synthesize", "--output", scene.scratch.file("drawn"), "--train", "9", "--test", "9"]
    try expectRefusal(synthesize, synthesize + ["--seed", "3"], naming: ["--seed", "'3'"])
    try expectRefusal(["--version"], ["doctor"], naming: ["command", "'doctor'"])
  }

  /// The same path on each node, and another model under it.
  @Test(.enabled(if: Mounts.areAllowed, Mounts.need)) func aModelOfItsOwn() throws {
    let first = try scene.train(["--max-steps", "1", "--model", "linear"])
    let other = try scene.train(["--max-steps", "2", "--model", "linear"])
    let evaluate = ["evaluate", first.path, "--data", scene.data]
    let result = try mpirun([
      RankGroup(1, evaluate),
      RankGroup(1, evaluate, wrapper: Mounts.wrapper("mount --bind \(other.path) \(first.path)")),
    ])
    expect(result, status: 64, naming: ["rank 1 on ", first.digest, other.digest])
  }

  @Test func anotherBinary() throws {
    let other = scene.scratch.file("lockstep")
    try FileManager.default.copyItem(atPath: Repository.lockstep, toPath: other)
    let file = try FileHandle(forWritingTo: URL(fileURLWithPath: other))
    try file.seekToEnd()
    try file.write(contentsOf: Data("another build".utf8))
    try file.close()
    // The wrapper takes the other binary's place.
    let exec = ["sh", "-c", "shift; exec \"$0\" \"$@\"", other]
    try expectRefusal(train(), train(), wrapper: exec, naming: ["the lockstep binary", "Copy the same file"])
  }

  @Test func threadsMayDiffer() throws {
    let result = try mpirun([RankGroup(1, train(["--threads", "2"])), RankGroup(1, train())])
    #expect(result.status == 0, "\(result.errors)")
    let reference = try scene.train(["--model", "linear", "--max-steps", "10"])
    #expect(TrainingRun(path: "", result: result).digest == reference.digest)
  }

  /// What decides nothing that ranks do together may differ: here where each would share memory.
  @Test(arguments: [0, 1]) func aVariableOfOneRank(rank: Int) throws {
    for variable in [Library.sharedMemoryVariable + "=/absent", "LOCKSTEP_FAULT_HEARTBEAT_TABLE=no:room"] {
      let odd = RankGroup(1, train(), wrapper: ["env", variable])
      let even = RankGroup(1, train())
      let result = try mpirun(rank == 0 ? [odd, even] : [even, odd])
      #expect(result.status == 0, "\(variable): \(result.errors)")
      try FileManager.default.removeItem(atPath: scene.scratch.file("run"))
    }
  }
}
