import Foundation
import Testing

/// Rank 0 finds the data for all ranks, whatever directories and variables others have.
@Suite struct DataOfRanksTests {
  let scene: TrainingScene

  init() throws {
    scene = try TrainingScene()
    for name in ["with/data", "without"] {
      try FileManager.default.createDirectory(
        atPath: scene.scratch.file(name), withIntermediateDirectories: true)
    }
    try FileManager.default.createSymbolicLink(
      atPath: scene.scratch.file("with/data/mnist"), withDestinationPath: scene.data)
  }

  /// A rank in a directory, with a variable and flags of its own.
  private func rank(_ directory: String, variable: String = "", flags: [String] = [], mount: String? = nil)
    -> RankGroup
  {
    let train = [
      "train", "--model", "linear", "--max-steps", "10", "--threads", "1", "--output",
      scene.scratch.file("run"),
    ]
    let place = ["env", "-C", scene.scratch.file(directory), "LOCKSTEP_DATA=\(variable)"]
    return RankGroup(1, train + flags, wrapper: place + (mount.map { Mounts.wrapper($0) } ?? []))
  }

  private func digest(of groups: [RankGroup]) throws -> String {
    let result = try mpirun(groups)
    try #require(result.status == 0, "\(result.errors)")
    return TrainingRun(path: "", result: result).digest
  }

  private func expectDigits(_ groups: [RankGroup]) throws {
    let reference = try scene.train(["--model", "linear", "--max-steps", "10"])
    #expect(try digest(of: groups) == reference.digest)
  }

  @Test func onRank0Only() throws { try expectDigits([rank("with"), rank("without")]) }

  @Test func byAVariableOfRank0() throws {
    try expectDigits([rank("without", variable: scene.data), rank("without")])
  }

  @Test func byAFlagOfRank0() throws {
    try expectDigits([rank("without", flags: ["--data", scene.data]), rank("with", variable: "/absent")])
  }

  @Test func byAFlagOfEachRank() throws {
    let copy = scene.scratch.file("copy")
    try FileManager.default.copyItem(atPath: scene.data, toPath: copy)
    try expectDigits([
      rank("without", flags: ["--data", scene.data]), rank("without", flags: ["--data", copy]),
    ])
  }

  /// From rank 0's directory, though the other has one of that name.
  @Test func byARelativePath() throws {
    try FileManager.default.createDirectory(
      atPath: scene.scratch.file("without/data/mnist"), withIntermediateDirectories: true)
    try expectDigits([
      rank("with", flags: ["--data", "data/mnist"]), rank("without", flags: ["--data", "data/mnist"]),
    ])
  }

  /// Rank 0 has none: nobody draws digits beside a rank that has data.
  @Test func onAnotherRankOnly() throws {
    let result = try mpirun([rank("without"), rank("with", variable: scene.data)])
    expect(
      result, status: 64,
      naming: ["rank 1 on ", "expected none as on rank 0 on ", "draws digits", scene.data, "--data"])
    #expect(!FileManager.default.fileExists(atPath: scene.scratch.file("run")))
  }

  @Test func byAFlagOfAnotherRankOnly() throws {
    let result = try mpirun([rank("without"), rank("without", flags: ["--data", scene.data])])
    expect(result, status: 64, naming: ["rank 1 on ", "--data: expected none as on rank 0 on ", scene.data])
  }

  /// A node that does not have rank 0's directory.
  @Test(.enabled(if: Mounts.areAllowed, Mounts.need)) func aNodeWithoutIt() throws {
    let hidden = "mount -t tmpfs none \(scene.scratch.file("with"))"
    try expectDigits([rank("with"), rank("without", mount: hidden)])
  }
}
