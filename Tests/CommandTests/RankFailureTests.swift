import Foundation
import Testing

/// One rank fails and the others do not: all end, and the message names the rank.
@Suite struct RankFailureTests {
  let scene: TrainingScene

  init() throws { scene = try TrainingScene() }

  /// A training that would go on for hours.
  var endless: [String] {
    [
      "train", "--data", scene.data, "--output", scene.scratch.file("run"), "--model", "linear", "--threads",
      "1",
    ]
      + ["--epochs", "1000000", "--quiet"]
  }

  @Test(arguments: 0..<4) func aRecipeThatOneRankLacks(rank: Int) throws {
    let result = try oneRank(rank, adds: ["--recipe", scene.scratch.file("absent.yaml")])
    expect(result, status: 64, naming: ["rank \(rank) on ", "/absent.yaml"])
  }

  /// Another rank need not have them, unless every rank maps its own.
  @Test(arguments: [0, 3]) func dataThatOneRankLacks(rank: Int) throws {
    let result = try oneRank(rank, adds: ["--data", scene.scratch.file("absent")], maps: rank != 0)
    expect(result, status: 65, naming: ["rank \(rank) on ", "/absent", "--data"])
  }

  @Test(arguments: [0, 2]) func dataThatIsDamagedOnOneRank(rank: Int) throws {
    let result = try oneRank(rank, adds: ["--data", scene.spoiled(.truncated)], maps: rank != 0)
    expect(
      result, status: 65, naming: ["rank \(rank) on ", "spoiled/train-images-idx3-ubyte", "1568016 bytes"])
  }

  @Test func dataThatDiffersOnOneRank() throws {
    let result = try oneRank(3, adds: ["--data", scene.spoiled(.smallerImages)], maps: true)
    expect(result, status: 65, naming: ["rank 3", "as on rank 0"])
  }

  @Test(arguments: [0, 3]) func aFlagThatOneRankDoesNotKnow(rank: Int) throws {
    let result = try oneRank(rank, adds: ["--epohcs", "3"])
    expect(result, status: 64, naming: ["rank \(rank) on ", "'--epohcs'", "'--epochs'"])
  }

  @Test func aRankThatAsksForHelp() throws {
    let result = try oneRank(2, adds: ["--help"])
    expect(result, status: 64, naming: ["rank 2 on ", "'train' as on rank 0", "'help'"])
  }

  @Test func aRankWithAnotherCommand() throws {
    let digest = RankGroup(1, ["digest", scene.scratch.file("run")])
    let result = try mpirun([RankGroup(3, endless), digest])
    expect(result, status: 64, naming: ["rank 3 on ", "'train' as on rank 0", "'digest'"])
  }

  /// The same number of steps of the same shapes: only a comparison can tell.
  @Test func aRankWithAnotherRecipe() throws {
    let result = try oneRank(1, adds: ["--batch-size", "63"])
    expect(
      result, status: 64, naming: ["rank 1 on ", "--batch-size: expected not given as on rank 0", "'63'"])
  }

  /// Four ranks, of which one has more arguments than the others.
  private func oneRank(_ rank: Int, adds arguments: [String], maps: Bool = false) throws -> CommandResult {
    let groups = [
      RankGroup(rank, endless), RankGroup(1, endless + arguments), RankGroup(3 - rank, endless),
    ]
    return try mpirun(groups.filter { $0.count > 0 }, environment: maps ? DataTests.noCopy : [:])
  }
}
