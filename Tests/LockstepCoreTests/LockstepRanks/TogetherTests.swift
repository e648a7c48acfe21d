import LockstepCore
import Testing

/// `Collective.together`: what fails on one rank fails on all, once.
@Suite struct TogetherTests {
  private func run(ranks: Int, failing: Set<Int>, _ error: @escaping @Sendable (Int) -> any Error) -> [Result<
    Int, any Error
  >] {
    ThreadedCollective.run(nodes: Array(0..<ranks)) { collective in
      try collective.together {
        if failing.contains(collective.rank) { throw error(collective.rank) }
        return collective.rank * 10
      }
    }
  }

  @Test func returnsEachRanksValue() throws {
    let results = run(ranks: 3, failing: []) { _ in Odd() }
    #expect(try results.map { try $0.get() } == [0, 10, 20])
  }

  @Test func theLowestRanksErrorIsAllRanksError() {
    let results = run(ranks: 4, failing: [1, 3]) { LockstepError(.data, "file\($0)", found: "é") }
    for result in results {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.rank == 1)
      #expect(error?.exitStatus == 65)
      #expect(error?.message == "rank 1 on n1: file1: é")
    }
  }

  /// Where all fail alike the rank is no part of the story, nor where there is only one.
  @Test(arguments: [1, 3])
  func anErrorOfAllRanksNamesNone(ranks: Int) {
    for result in run(ranks: ranks, failing: Set(0..<ranks), { _ in Odd() }) {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.message == "odd")
      #expect(error?.exitStatus == 1)
    }
  }

  /// Calls nest: an agreed error passes through with its status.
  @Test func agreedErrorsPass() {
    let results = ThreadedCollective.run(nodes: [0, 0]) { collective in
      try collective.together {
        try collective.together { if collective.rank == 1 { throw LockstepError(.usage, "a", found: "b") } }
      }
    }
    for result in results {
      let error = #expect(throws: AgreedError.self) { try result.get() }
      #expect(error?.exitStatus == 64)
      #expect(error?.message == "rank 1 on n0: a: b")
    }
  }

  struct Odd: Error, CustomStringConvertible {
    let description = "odd"
  }
}
