import LockstepCore
import Testing

@Suite struct ThreadBudgetTests {
  @Test func processorsOfAList() {
    #expect(Processors.numbers(in: "\t0-3,8\n") == [0, 1, 2, 3, 8])
    #expect(Processors.numbers(in: "5") == [5])
    #expect(Processors.numbers(in: "0-1,1-2") == [0, 1, 2])
    for list in ["", "\n", "x", "3-1", "0-x", "0-65536", "0-99999999999999999999", "1,,x", "-"] {
      #expect(Processors.numbers(in: list) == nil, "\(list)")
    }
  }

  @Test func processorsAreSharedWithWhoMayUseThem() {
    let eight = Set(0..<8)
    #expect(ThreadBudget.share(of: eight, among: [eight]) == 8)
    // Not bound: all ranks may use all.
    #expect(ThreadBudget.share(of: eight, among: [eight, eight]) == 4)
    #expect(ThreadBudget.share(of: eight, among: [eight, eight, eight]) == 2)
    // Bound to halves, and two to a half.
    #expect(ThreadBudget.share(of: [0, 1, 2, 3], among: [[0, 1, 2, 3], [4, 5, 6, 7]]) == 4)
    #expect(ThreadBudget.share(of: [0, 1, 2, 3], among: [[0, 1, 2, 3], [0, 1, 2, 3], [4, 5, 6, 7]]) == 2)
    // Overlap in part: 2 alone and 2 halves.
    #expect(ThreadBudget.share(of: [0, 1, 2, 3], among: [[0, 1, 2, 3], [2, 3, 4, 5]]) == 3)
    // Never none.
    #expect(ThreadBudget.share(of: [0], among: Array(repeating: [0], count: 16)) == 1)
    // Thirds of three processors make one, whatever their sum's rounding.
    #expect(ThreadBudget.share(of: [0, 1, 2], among: Array(repeating: [0, 1, 2], count: 3)) == 1)
  }

  /// Ranks of one node share it, those of another node do not count.
  @Test func ranksOfANodeShareIt() throws {
    func shares(_ nodes: [Int]) throws -> [Int] {
      try ThreadedCollective.run(nodes: nodes) { try ThreadBudget.share($0) }.map { try $0.get() }
    }
    let all = try ThreadBudget.share(SingleProcess())
    #expect(all >= 1)
    #expect(try shares([0]) == [all])
    #expect(try shares([0, 1, 2]) == [all, all, all])
    #expect(try shares([0, 1, 0]) == [max(all / 2, 1), all, max(all / 2, 1)])
    #expect(try shares(Array(repeating: 0, count: all + 1)).allSatisfy { $0 == 1 })
  }
}
