import LockstepCore
import Testing

/// The report and the probabilities are those of one rank, whatever the number of ranks and threads.
@Suite struct EvaluatorReportTests {
  private struct Found: Equatable, Sendable {
    var report: ClassificationReport
    var evaluation: Evaluation
    var parts: [Range<Int>] = []
    var probabilities: [UInt64] = []
  }

  private func find(ranks: Int, samples: Int, classes: Int) throws -> [Found] {
    let network = Network(inputShape: [13], specification: [.dense(outputs: classes)])
    let data = try formulaDataset(samples: 1, features: 13, classes: classes, testSamples: samples)
    return try ThreadedCollective.run(nodes: Array(repeating: 0, count: ranks)) { collective in
      let parameters = Parameters(network, seed: 1)
      let evaluator = try Evaluator(
        network, normalization: .none, collective: collective,
        team: try ThreadTeam(count: 1 + collective.rank % 2))
      var found = try Found(
        report: evaluator.report(parameters, on: data.test),
        evaluation: evaluator.evaluate(parameters, on: data.test))
      try evaluator.predictions(parameters, on: data.test) { samples, probabilities in
        found.parts.append(samples)
        found.probabilities += probabilities.map(\.bitPattern)
      }
      return found
    }.map { try $0.get() }
  }

  /// More samples than batches of 256 of some ranks and not of others, and fewer than ranks.
  @Test(arguments: [600, 5], [2, 4, 12]) func ranksAgree(samples: Int, classes: Int) throws {
    let alone = try find(ranks: 1, samples: samples, classes: classes)[0]
    #expect(alone.report.evaluation == alone.evaluation)
    #expect(alone.report.predicted.count == samples && alone.report.classes.count == classes)
    #expect(alone.report.classes.reduce(0) { $0 + $1.hits } == alone.evaluation.hits)
    #expect(alone.report.confusions.reduce(0) { $0 + $1.count } == samples)
    #expect((alone.report.topFiveHits != nil) == (classes > 10))
    #expect((alone.report.areaUnderCurve != nil) == (classes == 2))
    #expect(alone.probabilities.count == samples * classes)
    for ranks in [2, 3, 7] {
      let all = try find(ranks: ranks, samples: samples, classes: classes)
      #expect(all.allSatisfy { $0.report == alone.report }, "\(ranks) ranks")
      #expect(all[0].probabilities == alone.probabilities, "\(ranks) ranks")
      #expect(all.dropFirst().allSatisfy { $0.parts.isEmpty }, "rank 0 alone takes them")
    }
  }

  /// No more than fit the memory set aside at a time, in order and without a gap.
  @Test func probabilitiesComeInParts() throws {
    let one = try find(ranks: 1, samples: 600, classes: 4)[0]
    #expect(one.parts == [0..<256, 256..<512, 512..<600])
    let classes = 9000
    let many = try find(ranks: 3, samples: 200, classes: classes)[0]
    let most = many.parts[0].count
    #expect(most * classes <= 1 << 20 && (most + 1) * classes > 1 << 20)
    #expect(many.parts.flatMap { Array($0) } == Array(0..<200))
  }

  @Test func anErrorOfRank0IsAllRanks() throws {
    let network = Network(inputShape: [13], specification: [.dense(outputs: 4)])
    let data = try formulaDataset(samples: 1, features: 13, classes: 4, testSamples: 40)
    let results = ThreadedCollective.run(nodes: [0, 0, 0]) { collective in
      try Evaluator(network, normalization: .none, collective: collective, team: ThreadTeam(count: 1))
        .predictions(Parameters(network, seed: 1), on: data.test) { _, _ in
          throw LockstepError(.failure, "file", expected: "room", found: "none")
        }
    }
    for result in results { #expect(throws: AgreedError.self) { try result.get() } }
  }
}
