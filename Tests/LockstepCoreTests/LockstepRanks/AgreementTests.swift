import LockstepCore
import Testing

@Suite struct AgreementTests {
  /// What each of three ranks comes to, given what it has.
  private func results(_ facts: [[Fact]]) -> [Result<Void, any Error>] {
    ThreadedCollective.run(nodes: Array(facts.indices)) { collective in
      try collective.requireSame(facts[collective.rank], fix: "Start again")
    }
  }

  private func expectRefusal(_ facts: [[Fact]], _ message: String) {
    for result in results(facts) {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.message == message)
      #expect(error?.exitStatus == 64)
    }
  }

  @Test func ranksThatAgreeGoOn() throws {
    let facts = [Fact("command", "train"), Fact("--seed", ""), Fact("", "é")]
    for result in results([facts, facts, facts]) { try result.get() }
    for result in results([[], [], []]) { try result.get() }
  }

  @Test func theFirstThatDiffersIsNamed() {
    let facts = [Fact("command", "train"), Fact("--seed", "1"), Fact("--lr", "2")]
    var other = facts
    other[1].value = "3"
    other[2].value = "4"
    expectRefusal(
      [facts, facts, other], "rank 2 on n2: --seed: expected 1 as on rank 0 on n0, found 3. Start again")
    // Rank 0 is the measure, whoever is right.
    expectRefusal(
      [other, facts, facts], "rank 1 on n1: --seed: expected 3 as on rank 0 on n0, found 1. Start again")
  }

  @Test func otherFactsAreNoAgreement() {
    let facts = [Fact("command", "train")]
    expectRefusal(
      [facts, facts + [Fact("--lr", "2")], facts],
      "rank 1 on n1: arguments: expected 1 options as on rank 0 on n0, found 2 options. Start again")
  }

  @Test func thisBuildIsOne() {
    #expect(Build.digest != 0)
    for result in ThreadedCollective.run(nodes: [0, 1], { try $0.requireSameBuild() }) {
      #expect(throws: Never.self) { try result.get() }
    }
  }
}
