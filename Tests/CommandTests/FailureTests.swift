import Foundation
import Testing

/// Whatever is wrong is told once, by name, with the fix and the right status, by one process and by four ranks alike.
@Suite struct FailureTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  @Test(arguments: Failure.all, [nil, 4]) func isToldOnce(failure: Failure, ranks: Int?) throws {
    let output = scene.scratch.file("run")
    let arguments = try failure.arguments(scene, output)
    let result = try lockstep(arguments, ranks: ranks, environment: ["LOCKSTEP_DATA": ""])
    expect(result, status: failure.status, naming: failure.mentions)
    // Nothing is in the way of the same command once it is mended.
    if failure.status == 65 { #expect(!FileManager.default.fileExists(atPath: output)) }
  }

  /// Memory for the 784 GB that a header promises must not even be asked for.
  @Test(arguments: ["bigraw", "bigzip"]) func aHugeHeaderTakesNoMemory(kind: String) throws {
    let data = try scene.spoiled(kind == "bigraw" ? .hugeHeader : .hugeCompressedHeader)
    let command = "ulimit -v 2000000; exec \"$@\""
    let arguments = [Repository.lockstep, "train", "--data", data, "--threads", "1"]
    let result = try run("sh", ["-c", command, "sh"] + arguments)
    expect(result, status: 65, naming: ["train-images-idx3-ubyte", "[1000000000, 28, 28]"])
  }

  @Test(arguments: [nil, 4]) func divergenceNamesStepAndLayer(ranks: Int?) throws {
    let output = scene.scratch.file("run")
    let arguments = ["train", "--data", scene.data, "--output", output, "--lr", "1000", "--quiet"]
    let result = try lockstep(arguments, ranks: ranks)
    expect(result, status: 1, naming: ["diverged", "Lower --lr"])
    let told = try #require(
      result.errors.firstMatch(of: #/lockstep: (?:rank \d on [^:]*: )?step (\d+), (layers\.\d): /#))
    let log = try TrainingRun(path: output, result: result).metrics
    #expect(log.last?["event"] as? String == "error")
    #expect(log.last?["step"] as? Int == Int(told.1) && log.last?["layer"] as? String == String(told.2))
    #expect((log.last?["reason"] as? String)?.contains("diverged") == true)
  }

  /// Rank 0 has already begun when it can no longer write; the others do not know and must be ended.
  ///
  /// MPICH has its memory in files, which the limit concerns too.
  @Test(arguments: Library.isOpenMPI ? [nil, 4] : [nil]) func aFullDiskDuringTraining(ranks: Int?) throws {
    let output = scene.scratch.file("run")
    let recipe = [
      "--model", "linear", "--epochs", "1000000", "--log-every", "1", "--quiet", "--threads", "1",
    ]
    let train = ["train", "--data", scene.data, "--output", output] + recipe
    // Files may grow to a few kilobytes, and writing more is an error, not a signal.
    let limit = ["sh", "-c", "trap '' XFSZ; ulimit -f 8; exec \"$@\"", "sh"]
    let result =
      if let ranks {
        try mpirun([RankGroup(1, train, wrapper: limit), RankGroup(ranks - 1, train)])
      } else {
        try run(limit[0], limit[1...] + [Repository.lockstep] + train)
      }
    expect(result, status: 1, naming: [output + "/metrics.jsonl", "--output"])
    if ranks != nil { #expect(result.errors.contains("lockstep: rank 0 on ")) }
  }
}

/// Expects the status, nothing on standard output, and one message, which has all of the texts.
func expect(
  _ result: CommandResult, status: Int32, naming texts: [String],
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(result.status == status, "\(result.errors)", sourceLocation: sourceLocation)
  #expect(result.output == "", sourceLocation: sourceLocation)
  let messages = result.errors.split(separator: "\n").filter {
    $0.hasPrefix("lockstep: ") && !$0.hasPrefix("lockstep: warning: ")
  }
  #expect(messages.count == 1, "\(result.errors)", sourceLocation: sourceLocation)
  for text in texts {
    #expect(
      messages.first?.contains(text) == true, "'\(text)' in: \(result.errors)", sourceLocation: sourceLocation
    )
  }
  for sign in ["Fatal error", "Segmentation fault", "core dumped", "time limit"] {
    #expect(!result.errors.contains(sign), "\(result.errors)", sourceLocation: sourceLocation)
  }
}
