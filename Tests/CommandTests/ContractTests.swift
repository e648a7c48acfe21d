import Foundation
import LockstepCore
import Testing

/// The numerical contract has a version, and a version has its bits: `Tests/Golden/contract.json` has small runs, and
/// what they come to by each. Bits that change without a new version are red here.
@Suite struct ContractTests {
  struct File: Decodable {
    /// Options of `synthesize`.
    let digits: [String]
    /// Options of `train`, by name.
    let runs: [String: [String]]
    /// By version, "WEIGHTS TEST-LOSS" of the runs that there were.
    let contracts: [String: [String: String]]
  }

  static let path = "Tests/Golden/contract.json"
  static let file = Result {
    try JSONDecoder().decode(
      File.self, from: Data(contentsOf: URL(fileURLWithPath: "\(Repository.root)/\(path)")))
  }
  static let names = ((try? file.get().runs.keys.sorted()) ?? [])
  static let regeneration = "python3 Tests/Golden/contract.py .build/release/lockstep"

  /// What a run comes to; `contract.py` reads the same.
  private func outcome(of run: TrainingRun) throws -> String {
    let lines = String(decoding: try run.file("metrics.jsonl"), as: UTF8.self).split(separator: "\n")
    let end = try #require(lines.last)
    let loss = try #require(end.firstMatch(of: /"test_loss":([^",]+)/)).1
    return "\(run.digest) \(loss)"
  }

  @Test(arguments: names) func bitsAreThoseOfTheVersion(name: String) throws {
    let file = try Self.file.get()
    let known = try #require(
      file.contracts["\(Build.contract)"],
      "\(Self.path) has no contract \(Build.contract): \(Self.regeneration)")
    let expected = try #require(
      known[name], "contract \(Build.contract) has no run '\(name)' yet: \(Self.regeneration)")
    let scratch = try TemporaryDirectory()
    let drawn = try lockstep(["synthesize", "--output", "digits"] + file.digits, directory: scratch.path)
    try #require(drawn.status == 0, "\(drawn.errors)")
    let train = ["train", "--data", "digits", "--output", "run", "--quiet"] + (file.runs[name] ?? [])
    let result = try lockstep(train, directory: scratch.path)
    try #require(result.status == 0, "\(result.errors)")
    let found = try outcome(of: TrainingRun(path: scratch.file("run"), result: result))
    #expect(
      found == expected,
      """
      the same recipe, seed and data give other bits than contract \(Build.contract) has. If that is meant, raise \
      Build.contract (Sources/LockstepSupport/Process/Build.swift), build, and add its digests: \
      \(Self.regeneration). If not, something rounds, adds or draws otherwise than it did
      """)
  }

  /// The versions before stay, each with what it had; the last one is this build's.
  @Test func noVersionIsMissing() throws {
    let file = try Self.file.get()
    let versions = file.contracts.keys.compactMap(Int.init).sorted()
    #expect(
      versions == Array(1...Build.contract),
      "versions in \(Self.path); contract \(Build.contract) is added by \(Self.regeneration)")
    for (version, outcomes) in file.contracts {
      #expect(outcomes.count > 10, "contract \(version)")
      for (name, outcome) in outcomes {
        #expect(file.runs[name] != nil, "contract \(version) knows what the run '\(name)' came to")
        #expect(outcome.wholeMatch(of: /[0-9a-f]{16} [0-9.e-]+/) != nil, "\(version), \(name): \(outcome)")
      }
      // A digest that two runs or two versions share would be a slip.
      #expect(Set(outcomes.values).count == outcomes.count)
    }
  }

  @Test func everyShippedRecipeIsAmongThem() throws {
    let recipes = try Self.file.get().runs.values.filter { $0.first == "--recipe" }.map { $0[1] }
    #expect(Set(recipes) == Set(RecipesTests.names))
  }
}
